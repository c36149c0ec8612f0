"""The signature of a technique, and what it sees."""

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from schatten.models import AcousticModel
from schatten.train.data import Batch


@dataclass(frozen=True)
class Step:
    """What a technique sees of a training step: N utterances, T frames, V units."""

    model: AcousticModel
    batch: Batch
    log_probs: Tensor
    """Natural log (N, T, V)."""
    lengths: Tensor
    """Frames of each utterance (N,)."""


class Technique(Protocol):
    """Turns the loss of a batch into what is minimised."""

    def __call__(self, loss: Tensor, step: Step) -> Tensor:
        """Return the new loss, a scalar; `loss` is CTC and what techniques before made of it."""
        ...
