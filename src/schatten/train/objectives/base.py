"""The signature of an objective."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from torch import Tensor

from schatten.train.data import Batch


class Objective(ABC):
    """The losses of a batch: N utterances, T frames, V units."""

    @abstractmethod
    def fits(self, labels: Sequence[int], frames: int) -> bool:
        """Tell whether an utterance with these unit indices can be written in `frames` frames.

        The others are left out, as their loss would be infinite.
        """

    @abstractmethod
    def losses(self, log_probs: Tensor, lengths: Tensor, batch: Batch) -> Tensor:
        """Return the loss (N,) of each utterance, summed over its frames, natural log.

        `log_probs` (N, T, V), `lengths` (N,): output frames.
        """

    @abstractmethod
    def errors(self, log_probs: Tensor, lengths: Tensor, batch: Batch) -> int:
        """Return the edits between the labels of a batch and what greedy decoding finds."""

    def on_dev(self) -> "Objective":
        """Return the objective for the dev split: this one by default."""
        return self
