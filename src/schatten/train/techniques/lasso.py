"""The penalties L1 and group lasso on large matrices."""

from torch import Tensor

from schatten.compress.penalty import group_lasso_penalty
from schatten.recipe.pruning import Lasso as Settings
from schatten.train.techniques.base import Context, Step, Technique


class GroupLasso(Technique):
    """Adds lambda sqrt(R C) ‖W_b‖ for each block b of R x C (Yuan and Lin, 2006); 1 x 1 is L1."""

    def __init__(self, settings: Settings, context: Context) -> None:
        """Take the strengths and the block."""
        self.strengths = settings.lambda_rec, settings.lambda_nonrec
        self.block = settings.block

    def loss(self, loss: Tensor, step: Step) -> Tensor:
        """Return the loss with the penalty of the model's present weights."""
        return loss + group_lasso_penalty(step.model.bank, *self.strengths, self.block)
