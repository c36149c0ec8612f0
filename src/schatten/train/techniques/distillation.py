"""A student that learns from a trained model's soft targets (Hinton et al., 2015)."""

import torch
from torch import Tensor

from schatten import models
from schatten.errors import UserError
from schatten.models.packing import frame_mask
from schatten.recipe.techniques import Distillation
from schatten.train.techniques.base import Context, Step, Technique


class Distilled(Technique):
    """Mixes the loss with the divergence from the teacher's probabilities, frame by frame.

    (1 - w) CTC + w t² KL(teacher^(1/t) ‖ student^(1/t)), summed over an utterance's frames and
    averaged over the batch, as CTC is. The teacher hears the speech without masks.
    """

    def __init__(self, settings: Distillation, context: Context) -> None:
        """Take the weight w and the temperature t; read the teacher.

        Errors: `UserError` if the context has no teacher, or if its file is no model.
        """
        if context.teacher is None:
            raise UserError(f"no model of the teacher {settings.teacher}: give --teacher, its file")
        self.weight, self.temperature = settings.weight, settings.temperature
        self.path = context.teacher
        self.teacher = models.load(self.path).requires_grad_(False)

    def loss(self, loss: Tensor, step: Step) -> Tensor:
        """Return the mixed loss."""
        with torch.no_grad():
            self.teacher.to(step.log_probs.device)
            targets, lengths = self.teacher(step.batch.features, step.batch.lengths)
        if targets.shape != step.log_probs.shape:
            raise UserError(
                f"the teacher {self.path} gives (frames, units) {tuple(targets.shape[1:])}, the "
                f"student {tuple(step.log_probs.shape[1:])}: give both one stride and one alphabet"
            )
        mask = frame_mask(lengths, targets.shape[1])
        soft = divergence(targets[mask], step.log_probs[mask], self.temperature)
        return (1 - self.weight) * loss + self.weight * step.batch.averaged(soft)


def divergence(targets: Tensor, log_probs: Tensor, temperature: float) -> Tensor:
    """Return t² KL(p^(1/t) ‖ q^(1/t)) summed over frames, of natural-log p and q (frames, V).

    t² keeps the size of the gradient (Hinton et al., 2015, section 2).
    """
    p = (targets.float() / temperature).log_softmax(-1)
    q = (log_probs.float() / temperature).log_softmax(-1)
    return temperature**2 * (p.exp() * (p - q)).sum()
