"""Gradual pruning by a threshold that rises (Narang et al., 2017)."""

from typing import Any

import torch
from torch import Tensor

from schatten import models
from schatten.compress import sparsity
from schatten.compress.schedules import ThresholdRamp
from schatten.errors import UserError
from schatten.models import AcousticModel
from schatten.recipe.pruning import ThresholdPruning
from schatten.train.techniques.base import Context, Step
from schatten.train.techniques.gradual import GradualPruning


class RisingThreshold(GradualPruning):
    """Weights below a threshold become zero (Narang et al., 2017, algorithm 1).

    The threshold of recurrent matrices and that of the others follow from a reference model's
    weights. The paper's soft masks let a weight come back that grows above the threshold again. It
    does not happen: a pruned weight has no gradient, and starts from zero.
    """

    def __init__(self, settings: ThresholdPruning, context: Context) -> None:
        """Take the settings; read the reference.

        Errors: `UserError` if the context has no reference, or if its file is no model.
        """
        if context.reference is None:
            raise UserError(
                f"no model of the reference {settings.reference}: give --reference, its file"
            )
        self.settings, self.block, self.path = settings, settings.block, context.reference
        self.reference = models.load(context.reference)
        self._ramps: dict[bool, ThresholdRamp] = {}

    def due(self, step: Step) -> dict[str, Tensor] | None:
        """Return the blocks above the step's thresholds."""
        if not self._ramps:
            _refuse_other_matrices(self.reference, step.model, str(self.path))
            each = step.steps_per_epoch()
            self._ramps = ramps_of(self.reference, self.settings, step.epochs, each)
        thresholds = {kind: ramp(step.number) for kind, ramp in self._ramps.items()}
        given = {kind: value for kind, value in thresholds.items() if value is not None}
        if not given:
            return None
        return sparsity.blocks_above(step.model.bank, given, self.block)

    def measure(self, model: AcousticModel) -> dict[str, Any]:
        """Return the share of zeros of each matrix, and the share that was predicted."""
        found = predicted(self.reference, self._ramps, self.block) if self._ramps else {}
        shares = {name: round(share, 6) for name, share in found.items()}
        return super().measure(model) | {"predicted_sparsity": shares}


def ramps_of(
    reference: AcousticModel, settings: ThresholdPruning, epochs: int, steps_per_epoch: int
) -> dict[bool, ThresholdRamp]:
    """Return the threshold's ramp of recurrent matrices (True) and of the others (False).

    q is a percentile of all magnitudes of the reference's matrices of that kind; of blocks, a
    percentile of their largest magnitudes.
    """
    start, ramp, end = (round(at * steps_per_epoch) for at in settings.positions_in(epochs))
    scores: dict[bool, list[Tensor]] = {}
    for one, values in _scores(reference, settings.block).values():
        scores.setdefault(one.weight.recurrent, []).append(values.flatten())
    return {
        kind: ThresholdRamp(
            _percentile(torch.cat(values), settings.percentile),
            start,
            ramp,
            end,
            settings.every,
            settings.slope_ratio,
        )
        for kind, values in scores.items()
    }


def predicted(
    reference: AcousticModel, ramps: dict[bool, ThresholdRamp], block: tuple[int, int]
) -> dict[str, float]:
    """Return the sparsity that each matrix is to end with, from the reference's weights alone."""
    return {
        name: ramps[one.weight.recurrent].predicted(values)
        for name, (one, values) in _scores(reference, block).items()
    }


def _scores(
    model: AcousticModel, block: tuple[int, int]
) -> dict[str, tuple[sparsity.Prunable, Tensor]]:
    """Return the largest magnitude of each block of a model's matrices."""
    return {
        name: (one, sparsity.block_scores(one.tensor, block, one.order, "largest"))
        for name, one in sparsity.prunable(model.bank).items()
    }


def _percentile(values: Tensor, percent: float) -> float:
    """Return the value of a sorted list below which `percent` of it lie."""
    ordered = values.sort().values
    return float(ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))])


def _refuse_other_matrices(reference: AcousticModel, model: AcousticModel, path: str) -> None:
    """Refuse a reference whose matrices are of other sizes: its magnitudes say nothing."""
    found = {name: one.shape for name, one in sparsity.prunable(reference.bank).items()}
    wanted = {name: one.shape for name, one in sparsity.prunable(model.bank).items()}
    if found != wanted:
        raise UserError(
            f"{path} has other matrices than the model that is pruned: name a reference of the "
            "same model and factorization"
        )
