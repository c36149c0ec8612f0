"""The penalties on large matrices: l2 and the trace norm."""

from torch import Tensor

from schatten.compress import l2_penalty, trace_norm_penalty
from schatten.recipe.techniques import Penalty
from schatten.train.techniques.base import Step


class Penalised:
    """Adds a penalty to the loss."""

    def __init__(self, penalty: Penalty) -> None:
        """Take its kind and its strengths."""
        self.penalty = trace_norm_penalty if penalty.type == "trace_norm" else l2_penalty
        self.strengths = penalty.lambda_rec, penalty.lambda_nonrec

    def __call__(self, loss: Tensor, step: Step) -> Tensor:
        """Return the loss with the penalty of the model as it is."""
        return loss + self.penalty(step.model.bank, *self.strengths)
