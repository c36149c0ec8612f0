"""The learning rate of U and V, the factors of a matrix W = U V."""

from torch import nn

from schatten.models import AcousticModel
from schatten.recipe.training import FactorWarmup
from schatten.train.techniques.base import ParameterGroup, Technique


class FactorRate(Technique):
    """Gives U and V a share of the learning rate, less of it at the start.

    It is part of every training; without factors it does nothing.
    """

    def __init__(self, ratio: float = 1.0, warmup: FactorWarmup | None = None) -> None:
        """Take the share and how it is reached; None: from the first step on."""
        self.ratio, self.warmup = ratio, warmup

    def share(self, step: int) -> float:
        """Return the share at a global step, from 0; in the warm-up it rises exponentially."""
        if self.warmup is None:
            return self.ratio
        left = 1 - min(1.0, step / self.warmup.steps)
        return self.ratio * float(self.warmup.share**left)

    def groups(self, model: AcousticModel) -> list[ParameterGroup]:
        """Return one group of all factors of the model's weights."""
        return [ParameterGroup(factors_of(model), self.share)]


def factors_of(model: AcousticModel) -> list[nn.Parameter]:
    """Return U and V of every factored weight, in the order of the model's weights."""
    weights = [weight for _, weight in model.bank.items()]
    return [one for weight in weights for one in (weight.u, weight.v) if one is not None]
