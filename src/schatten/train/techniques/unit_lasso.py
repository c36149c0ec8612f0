"""Group lasso over whole units."""

from torch import Tensor

from schatten.compress.units import unit_lasso_penalty
from schatten.errors import UserError
from schatten.models import AcousticModel
from schatten.models.units import unit_groups, unit_matrices
from schatten.recipe.pruning import UnitLasso as Settings
from schatten.train.techniques.base import Context, Step, Technique


class UnitLasso(Technique):
    """Adds lambda sqrt(entries) ‖W_u‖ for each unit u (Wen et al., 2018)."""

    def __init__(self, settings: Settings, context: Context) -> None:
        """Take the strength."""
        self.strength = settings.lambda_units

    def prepare(self, model: AcousticModel) -> None:
        """Find the units of the model. Errors: `UserError` for LSTMs with projections."""
        try:
            self.layers = unit_groups(model)
        except ValueError as error:
            raise UserError(f"unit_lasso: {error}") from None

    def loss(self, loss: Tensor, step: Step) -> Tensor:
        """Return the loss with the penalty of the model's present weights."""
        return loss + unit_lasso_penalty(self.layers, unit_matrices(step.model), self.strength)
