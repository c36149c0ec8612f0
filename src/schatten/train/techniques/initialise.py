"""Weights that a training starts from: those of another system."""

from collections.abc import Iterator
from typing import Any

import torch

from schatten import models
from schatten.errors import UserError
from schatten.models import AcousticModel
from schatten.recipe.techniques import Initialise
from schatten.train.techniques.base import Context, Technique

_OUTPUT = ("output.weight", "output.bias")


class Initialised(Technique):
    """Copies all weights of another model but its output, and rows of the output by their units.

    Gram-CTC from initial weights hardly learns in a small budget; from a model of characters it
    does (docs/decisions/0021-grams.md).
    """

    def __init__(self, settings: Initialise, context: Context) -> None:
        """Read the model to start from. Errors: `UserError` if the context names none."""
        if context.start is None:
            raise UserError(f"no model of {settings.system} to start from: give --start, its file")
        self.path = context.start
        self.source = models.load(self.path)

    @torch.no_grad()
    def prepare(self, model: AcousticModel) -> None:
        """Copy weights, running statistics, and rows of the output for units of both models.

        Errors: `UserError` if a weight has another name or shape.
        """
        given, own = self.source.state_dict(), model.state_dict()
        if odd := next(_mismatches(given, own), None):
            raise UserError(
                f"{self.path} has another {odd} than the model that should start from it: give "
                "both systems a model of one shape and one factorization"
            )
        rows = {name: index for index, name in enumerate(self.source.units.names)}
        shared = [(index, rows[name]) for name, index in model.units.index.items() if name in rows]
        to, of = (torch.tensor(places) for places in zip(*shared, strict=True))
        for name in _OUTPUT:
            own[name][to] = given[name][of]
        for name in given.keys() - set(_OUTPUT):
            own[name].copy_(given[name])


def _mismatches(given: dict[str, Any], own: dict[str, Any]) -> Iterator[str]:
    """Yield names of weights that are not in both models, or of another shape."""
    yield from sorted(given.keys() ^ own.keys())
    for name in sorted(given.keys() & own.keys() - set(_OUTPUT)):
        if given[name].shape != own[name].shape:
            yield name
