"""Weight noise: a technique in a file of its own (docs/how_to/add_a_technique.md)."""

import torch

from schatten.recipe.base import NotNegative
from schatten.recipe.base import Settings as RecipeSettings
from schatten.train.techniques import Context, Step, Technique


class WeightNoise(Technique):
    """Trains with Gaussian noise on the large matrices (Graves et al., 2013).

    The noise is drawn anew for every step, and taken away before the optimizer's next one.
    """

    class Settings(RecipeSettings):
        """What the recipe says."""

        deviation: NotNegative

    def __init__(self, settings: Settings, context: Context) -> None:
        """Take the standard deviation of the noise."""
        self.deviation = settings.deviation

    @torch.no_grad()
    def before_step(self, step: Step) -> None:
        """Add the noise; random generators are seeded for the step, so a resumed run draws it."""
        self.noise = []
        for weight in step.model.bank.parameters():
            self.noise.append(self.deviation * torch.randn_like(weight))
            weight.add_(self.noise[-1])

    @torch.no_grad()
    def after_step(self, step: Step) -> None:
        """Take the noise away, so that the weights that are kept have none."""
        for weight, noise in zip(step.model.bank.parameters(), self.noise, strict=True):
            weight.sub_(noise)
