"""Gradual pruning of large matrices to an exact sparsity (Zhu and Gupta, 2017)."""

from torch import Tensor

from schatten.compress import sparsity
from schatten.compress.schedules import CubicRamp
from schatten.recipe.pruning import Pruning
from schatten.train.one_shot import sparsity_of
from schatten.train.techniques.base import Context, Step
from schatten.train.techniques.gradual import GradualPruning


class CubicPruning(GradualPruning):
    """Prunes to an exact sparsity by the cubic schedule (Zhu and Gupta, 2017, equation 1)."""

    def __init__(self, settings: Pruning, context: Context) -> None:
        """Take the target and its schedule."""
        self.settings, self.block = settings, settings.block
        self._ramp: CubicRamp | None = None

    def due(self, step: Step) -> dict[str, Tensor] | None:
        """Return the blocks of the step's sparsity."""
        if self._ramp is None:
            each, settings = step.steps_per_epoch(), self.settings
            start, end = (round(place * each) for place in self._places(step.epochs))
            final = sparsity_of(step.model, settings)
            self._ramp = CubicRamp(final, start, end, settings.every)
        share = self._ramp(step.number)
        if share is None:
            return None
        bank, allocation = step.model.bank, self.settings.allocation
        return sparsity.blocks_at(bank, share, self.block, allocation)

    def _places(self, epochs: int) -> tuple[float, float]:
        return self.settings.start, self.settings.end_in(epochs)
