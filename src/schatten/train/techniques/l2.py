"""The penalty l2 on large matrices."""

from typing import Protocol

from torch import Tensor

from schatten.compress import l2_penalty
from schatten.train.techniques.base import Context, Step, Technique


class Strengths(Protocol):
    """Settings of a penalty."""

    @property
    def lambda_rec(self) -> float:
        """Strength on recurrent matrices."""
        ...

    @property
    def lambda_nonrec(self) -> float:
        """Strength on the other large matrices."""
        ...


class L2(Technique):
    """Adds (lambda/2) ‖W‖² of the large matrices to the loss."""

    def __init__(self, settings: Strengths, context: Context) -> None:
        """Take the strengths."""
        self.strengths = settings.lambda_rec, settings.lambda_nonrec

    def loss(self, loss: Tensor, step: Step) -> Tensor:
        """Return the loss with the penalty of the model's present weights."""
        return loss + l2_penalty(step.model.bank, *self.strengths)
