"""What a GRU computes beside its products at one frame of a training on a CPU.

`kernels_of` returns the two loops of gru_frames.cpp, compiled when they are first wanted, or the
same formulas in torch's operations where there is no C++ compiler.
Letters in shapes: n utterances that have this frame, H hidden units.
"""

import ctypes
from abc import ABC, abstractmethod
from functools import cache
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from schatten.runtime.compiled import FAILURES, compiled_library, reason

SOURCE = Path(__file__).with_name("gru_frames.cpp")


class Forward(NamedTuple):
    """What a frame reads and writes forward; all are contiguous."""

    product: Tensor
    """U h (n, 3H)."""
    bias: Tensor
    """b (3H,)."""
    new_bias: Tensor
    """c (H,)."""
    before: Tensor
    """h (n, H)."""
    gates: Tensor
    """W x (n, 3H); becomes the gates' values: reset, update, new."""
    inner: Tensor
    """Written: U_n h + c (n, H)."""
    state: Tensor
    """Written: n + z (h - n) (n, H)."""


class Backward(NamedTuple):
    """What a frame reads and writes backward; all are contiguous."""

    gradient: Tensor
    """That of the states from above (n, H)."""
    gates: Tensor
    inner: Tensor
    before: Tensor
    """As `Forward` has them; `before` may have more rows than n."""
    carried: Tensor
    """Gradient from the next frame (n or more, H); becomes what skips U on its way back."""
    to_product: Tensor
    """Written: the gradient of U h with c (n, 3H)."""
    to_new: Tensor
    """Written: that of the sum inside the new gate (n, H)."""


class FrameKernels(ABC):
    """The elementwise part of a frame, forward and backward."""

    @abstractmethod
    def forward(self, frame: Forward) -> None:
        """Compute a state."""

    @abstractmethod
    def backward(self, frame: Backward, later: int) -> None:
        """Compute the gradient of a frame; the next one gave the first `later` rows of carried."""


class TorchFrames(FrameKernels):
    """Torch's operations, in any floating type."""

    def forward(self, frame: Forward) -> None:
        """See `FrameKernels`."""
        hidden = len(frame.new_bias)
        frame.gates.add_(frame.bias)
        both, new = frame.gates[:, : 2 * hidden], frame.gates[:, 2 * hidden :]
        both.add_(frame.product[:, : 2 * hidden]).sigmoid_()
        torch.add(frame.product[:, 2 * hidden :], frame.new_bias, out=frame.inner)
        new.addcmul_(both[:, :hidden], frame.inner).tanh_()
        torch.lerp(new, frame.before, both[:, hidden:], out=frame.state)

    def backward(self, frame: Backward, later: int) -> None:
        """See `FrameKernels`."""
        r, z, n = frame.gates.unflatten(1, (3, -1)).unbind(1)
        of_reset, of_update, of_inner = frame.to_product.unflatten(1, (3, -1)).unbind(1)
        carried = frame.carried[: len(n)]
        carried[later:] = 0
        carried.add_(frame.gradient)
        torch.mul(carried, (1 - z).mul_(1 - n * n), out=frame.to_new)
        torch.mul(frame.to_new, r, out=of_inner)
        torch.sub(1, r, out=of_reset).mul_(of_inner).mul_(frame.inner)
        torch.sub(1, z, out=of_update).mul_(z)
        of_update.mul_(frame.before[: len(n)] - n).mul_(carried)
        carried.mul_(z)


class CompiledFrames(FrameKernels):
    """The loops of a library that was compiled from gru_frames.cpp; float or double."""

    def __init__(self, library: Path, kind: str) -> None:
        """Load the functions of `kind`: float or double."""
        loaded = ctypes.PyDLL(str(library))
        size, pointer = ctypes.c_int64, ctypes.c_void_p
        self._forward, self._backward = loaded[f"forward_{kind}"], loaded[f"backward_{kind}"]
        self._forward.argtypes = [size] * 2 + [pointer] * 7
        self._backward.argtypes = [size] * 3 + [pointer] * 7
        self._forward.restype = self._backward.restype = None

    def forward(self, frame: Forward) -> None:
        """See `FrameKernels`."""
        rows, hidden = frame.state.shape
        self._forward(rows, hidden, *[one.data_ptr() for one in frame])

    def backward(self, frame: Backward, later: int) -> None:
        """See `FrameKernels`."""
        rows, hidden = frame.gradient.shape
        self._backward(rows, later, hidden, *[one.data_ptr() for one in frame])


@cache
def kernels_of(kind: torch.dtype) -> FrameKernels:
    """Return the kernels for tensors of a type, compiled if there is a C++ compiler.

    Which of them ran changes results in the last bits, as the type of the CPU does.
    """
    name = {torch.float32: "float", torch.float64: "double"}.get(kind)
    if name is None:
        return TorchFrames()
    try:
        return CompiledFrames(compiled_library(SOURCE), name)
    except FAILURES as error:
        said = reason(SOURCE, error)
        print(f"GRUs train with torch's operations, which is slower: {said}", flush=True)
        return TorchFrames()
