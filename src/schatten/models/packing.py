"""Frames of a batch without its padding, in the order in which a recurrent layer takes them.

Letters in shapes: N utterances, T frames, M frames of all utterances together.
"""

from functools import cached_property
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor


def frame_mask(lengths: Tensor, frames: int) -> Tensor:
    """Return a boolean mask (N, frames), true on the frames of each utterance."""
    return torch.arange(frames, device=lengths.device)[None, :] < lengths[:, None]


class Packing:
    """The frames of N utterances one after another, as torch's `PackedSequence` orders them.

    First frame 0 of all utterances, the longest utterance first, then frame 1 of those that have
    one, and so on. So the utterances of a frame are the first ones of the frame before. Layers run
    on valid frames alone: padding costs nothing, and their input needs no mask.
    """

    def __init__(self, lengths: Tensor, frames: int) -> None:
        """Take the frames of each utterance (N,), and T, the frames that it is padded to."""
        self.shape = len(lengths), frames
        order = torch.argsort(lengths, descending=True, stable=True)
        self._present = frame_mask(lengths[order], frames).t()
        frame, place = self._present.nonzero(as_tuple=True)
        self._rows = order[place] * frames + frame

    @cached_property
    def sizes(self) -> list[int]:
        """The number of utterances that have frame t, for every t that one of them has."""
        counts: list[int] = self._present.sum(1).tolist()
        return [count for count in counts if count]

    def pack(self, x: Tensor) -> Tensor:
        """Return the frames (M, ...) of a padded batch (N, T, ...)."""
        packed: Tensor = _Rows.apply(x.flatten(0, 1), self._rows)
        return packed

    def unpack(self, frames: Tensor) -> Tensor:
        """Return the padded batch (N, T, ...) of frames (M, ...), with zeros elsewhere."""
        count = self.shape[0] * self.shape[1]
        spread = frames.new_zeros(count, *frames.shape[1:])
        return spread.index_copy_(0, self._rows, frames).unflatten(0, self.shape)

    def before(self, states: Tensor) -> Tensor:
        """Return the states before those of all frames but the first ones, from (M, ...)."""
        frames = states.split(self.sizes)
        parts = [
            frame[:following] for frame, following in zip(frames, self.sizes[1:], strict=False)
        ]
        if all(one == other for one, other in pairwise(self.sizes)):
            return states[: len(states) - self.sizes[-1]] if self.sizes else states
        return torch.cat(parts)


class _Rows(torch.autograd.Function):
    """Different rows of a tensor; the gradient of torch's own adds rows up, one at a time."""

    @staticmethod
    def forward(context: Any, x: Tensor, rows: Tensor) -> Tensor:
        context.save_for_backward(rows)
        context.count = len(x)
        return x.index_select(0, rows)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (rows,) = context.saved_tensors
        spread = gradients[0].new_zeros(context.count, *gradients[0].shape[1:])
        return spread.index_copy_(0, rows, gradients[0]), None
