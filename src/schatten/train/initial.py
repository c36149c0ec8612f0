"""The model that a training begins with: a model.pt, or the model of a bundle, made before."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from schatten import models
from schatten.errors import UserError
from schatten.models import AcousticModel
from schatten.models.exported import load_exported

_OUTPUT = ("output.weight", "output.bias")
_NO_SIZES = {"dropout", "highest_frequency"}
"""Settings in which both models may differ."""


@torch.no_grad()
def begin_with(path: Path, model: AcousticModel) -> None:
    """Give a dense model the weights and statistics of the model in `path` (.pt or .gguf).

    Factors of the given model are multiplied out, and its zeros are weights as others. Units that
    both models write keep their rows of the output, if the units are of one kind; the other rows
    keep their initial values.

    A bundle's model has its BatchNorm folded in. Its norms do nothing at first, and they stay in
    evaluation mode, as there are no statistics of its training any more.

    Errors: `UserError` for a file that is no model, and for one of another architecture: it names
    the first size that differs.
    """
    is_exported = path.suffix == ".gguf"
    given = load_exported(path) if is_exported else models.load(path)
    _require_sizes(path, given, model)
    model.set_statistics(given.bins_mean, given.bins_deviation)
    model.bank.fill(given.bank.form())
    state, own = given.state_dict(), model.state_dict()
    for name, value in own.items():
        if not name.startswith("bank.") and name not in (*_OUTPUT, "bins_mean", "bins_deviation"):
            value.copy_(state[name])
    _fill_output(state, own, given, model)
    if is_exported:
        for module in model.modules():
            if isinstance(module, torch.nn.BatchNorm1d):
                module.eval()


def _fill_output(
    state: dict[str, Tensor], own: dict[str, Tensor], given: AcousticModel, model: AcousticModel
) -> None:
    """Copy the rows of the output of units that both models write."""
    if given.units.kind != model.units.kind:
        return
    rows = given.units.index
    shared = [(index, rows[name]) for name, index in model.units.index.items() if name in rows]
    to, of = (torch.tensor(places) for places in zip(*shared, strict=True))
    for name in _OUTPUT:
        own[name][to] = state[name][of]


def _require_sizes(path: Path, given: AcousticModel, model: AcousticModel) -> None:
    """Refuse a model of another architecture than the recipe's."""
    theirs = given.settings.model_dump(mode="json", exclude=_NO_SIZES)
    ours = model.settings.model_dump(mode="json", exclude=_NO_SIZES)
    for name in dict.fromkeys([*theirs, *ours]):
        if theirs.get(name) != ours.get(name):
            where, one, other = _first_difference(name, theirs.get(name), ours.get(name))
            raise UserError(
                f"{path} has {where} {_said(one)}, and the recipe's model {_said(other)}: give the "
                "recipe's model the sizes of the model that it begins with"
            )


def _first_difference(where: str, one: Any, other: Any) -> tuple[str, Any, Any]:
    """Return the place of the first value that differs, and both values."""
    if isinstance(one, dict) and isinstance(other, dict):
        keys = [key for key in one if one[key] != other.get(key)]
        return _first_difference(f"{where}.{keys[0]}", one[keys[0]], other.get(keys[0]))
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        pairs = zip(one, other, strict=True)
        index = next(number for number, (a, b) in enumerate(pairs) if a != b)
        return _first_difference(f"{where}[{index}]", one[index], other[index])
    return where, one, other


def _said(value: Any) -> str:
    return "none" if value is None else str(value)
