"""Weight noise: a technique in a file of its own (docs/how_to/add_a_technique.md)."""

import torch

from schatten.recipe.base import NotNegative
from schatten.recipe.base import Settings as RecipeSettings
from schatten.train.techniques import Context, Step, Technique


class WeightNoise(Technique):
    """Trains with Gaussian noise on the large matrices (Graves et al., 2013).

    The gradient is that of the noisy weights. The noise is drawn anew for every step.
    """

    class Settings(RecipeSettings):
        """What the recipe says."""

        deviation: NotNegative

    def __init__(self, settings: Settings, context: Context) -> None:
        """Take the standard deviation of the noise."""
        self.deviation = settings.deviation

    @torch.no_grad()
    def before_step(self, step: Step) -> None:
        """Add noise that follows from the step's number: a resumed run draws the same.

        All processes of a training draw the same too, so that their weights stay equal.
        """
        generator = torch.Generator().manual_seed(step.number)
        self.noise = []
        for weight in step.model.bank.parameters():
            noise = torch.randn(weight.shape, generator=generator).to(weight)
            self.noise.append(self.deviation * noise)
            weight.add_(self.noise[-1])

    @torch.no_grad()
    def after_step(self, step: Step) -> None:
        """Take the noise away, so that the weights that are kept have none."""
        for weight, noise in zip(step.model.bank.parameters(), self.noise, strict=True):
            weight.sub_(noise)
