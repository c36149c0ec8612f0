"""The trace norm penalty on large matrices (Kliegl et al., 2018)."""

from torch import Tensor

from schatten.compress import factor_fully, trace_norm_penalty
from schatten.models import AcousticModel
from schatten.train.techniques.base import Context, Step
from schatten.train.techniques.factors import FactorRate
from schatten.train.techniques.l2 import Strengths


class TraceNorm(FactorRate):
    """Trains W = U V at full rank and adds (lambda/2) (‖U‖² + ‖V‖²) to the loss.

    The minimum of the penalty over all U V = W is lambda times the trace norm of W. U and V have
    the training's `factor_learning_rate_ratio` and `factor_warmup`.
    """

    def __init__(self, settings: Strengths, context: Context) -> None:
        """Take the strengths; a continued schedule is past its warm-up."""
        training = context.training
        warmup = None if context.continues else training.factor_warmup
        super().__init__(training.factor_learning_rate_ratio, warmup)
        self.strengths = settings.lambda_rec, settings.lambda_nonrec

    def prepare(self, model: AcousticModel) -> None:
        """Factor every weight of a dense model at full rank; a truncated one keeps its ranks.

        The factors are those of the singular value decomposition, so that with one seed all
        penalties start from the same function.
        """
        if not any(weight.is_factored for _, weight in model.bank.items()):
            factor_fully(model.bank)

    def loss(self, loss: Tensor, step: Step) -> Tensor:
        """Return the loss with the penalty of the model's present factors."""
        return loss + trace_norm_penalty(step.model.bank, *self.strengths)
