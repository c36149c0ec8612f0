"""What a training minimises, before techniques: an objective is one module with one class."""

from schatten.models import AcousticModel
from schatten.recipe.training import Training
from schatten.train.objectives.base import Objective
from schatten.train.objectives.ctc import Ctc, leading_blanks

__all__ = ["Ctc", "Objective", "of"]


def of(training: Training, model: AcousticModel) -> Objective:
    """Return the objective of a training: CTC, with the blanks that it asks for at the start."""
    return Ctc(leading_blanks(training, model))
