"""Focal CTC: an objective in a file of its own (docs/how_to/add_an_objective.md)."""

from collections.abc import Sequence

from torch import Tensor

from schatten.recipe.base import NotNegative, PositiveFloat
from schatten.recipe.base import Settings as RecipeSettings
from schatten.train.data import Batch
from schatten.train.objectives import Ctc, Objective


class FocalCtc(Objective):
    """CTC in which easy utterances count less (focal CTC; Feng et al., 2019).

    The loss of an utterance is alpha (1 - p)^gamma CTC. p = exp(-CTC) is the probability that the
    model gives to its transcript. gamma 0 and alpha 1 are plain CTC.
    """

    class Settings(RecipeSettings):
        """What the recipe says."""

        alpha: PositiveFloat = 0.5
        gamma: NotNegative = 1.0

    def __init__(self, settings: Settings, ctc: Ctc) -> None:
        """Take the settings, and the CTC of this training to build on."""
        self.alpha, self.gamma, self.ctc = settings.alpha, settings.gamma, ctc

    def fits(self, labels: Sequence[int], frames: int) -> bool:
        """Tell whether CTC has a finite loss."""
        return self.ctc.fits(labels, frames)

    def losses(self, log_probs: Tensor, lengths: Tensor, batch: Batch) -> Tensor:
        """Return the loss (N,) of each utterance."""
        losses = self.ctc.losses(log_probs, lengths, batch)
        missing = (1 - (-losses).exp()).clamp(min=1e-6)  # a power has no gradient at 0
        return self.alpha * missing**self.gamma * losses

    def errors(self, log_probs: Tensor, lengths: Tensor, batch: Batch) -> int:
        """Return the errors of greedy decoding."""
        return self.ctc.errors(log_probs, lengths, batch)

    def on_dev(self) -> Objective:
        """Measure the dev split by plain CTC, so that losses can be compared."""
        return self.ctc.on_dev()
