"""What gradual pruning by any schedule does: masks that the training step decides."""

from abc import abstractmethod
from typing import Any

from torch import Tensor

from schatten.compress import sparsity
from schatten.compress.forms import Block
from schatten.models import AcousticModel
from schatten.train.techniques.base import Step, Technique


class GradualPruning(Technique):
    """Renews masks at some steps and keeps pruned weights at zero.

    Masks are part of the model's state, and follow from its weights and the step's number. They are
    renewed before a step, so every checkpoint holds weights and masks that belong together.
    """

    block: Block

    def prepare(self, model: AcousticModel) -> None:
        """Give every large matrix a mask, which keeps all at first."""
        sparsity.reserve_masks(model.bank, self.block)

    @abstractmethod
    def due(self, step: Step) -> dict[str, Tensor] | None:
        """Return the blocks to keep of each matrix; None if masks stay before this step."""

    def before_step(self, step: Step) -> None:
        """Renew the masks if they are due; put zeros where the optimizer's momentum moved weights.

        Their gradient is zero, but a moment of Adam's that is left from before is not.
        """
        kept = self.due(step)
        if kept is None:
            sparsity.apply_masks(step.model.bank)
        else:
            sparsity.set_masks(step.model.bank, kept, self.block)

    def measure(self, model: AcousticModel) -> dict[str, Any]:
        """Return the share of zeros of each matrix, as `sparsity`."""
        found = sparsity.sparsities(model.bank)
        return {"sparsity": {name: round(share, 6) for name, share in found.items()}}

    def finish(self, model: AcousticModel) -> None:
        """Put zeros where masks keep nothing, after weights were averaged."""
        sparsity.apply_masks(model.bank)
