"""What a GRU computes beside its products at one frame of a training on a CPU.

`kernels_of` returns the two loops of gru_frames.cpp, compiled when they are first wanted, or the
same formulas in torch's operations where there is no C++ compiler.
Letters in shapes: n utterances that have this frame, H hidden units.
"""

import ctypes
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from abc import ABC, abstractmethod
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

_SOURCE = Path(__file__).with_name("gru_frames.cpp")
_OPTIONS = ("-std=c++17", "-O3", "-fno-math-errno", "-fno-trapping-math", "-shared", "-fPIC")


class FrameKernels(ABC):
    """The elementwise part of a frame, forward and backward; gates are reset, update, new.

    All tensors are contiguous. Results are written to the tensors that are named last.
    """

    @abstractmethod
    def forward(
        self,
        product: Tensor,
        bias: Tensor,
        new_bias: Tensor,
        before: Tensor,
        gates: Tensor,
        inner: Tensor,
        state: Tensor,
    ) -> None:
        """Compute a state h' = n + z (h - n).

        Reads U h (n, 3H), b (3H,), c (H,), h (n, H), and W x in `gates` (n, 3H), which becomes the
        gates' values; writes `inner` (n, H), U_n h + c, and `state` (n, H).
        """

    @abstractmethod
    def backward(
        self,
        gradient: Tensor,
        gates: Tensor,
        inner: Tensor,
        before: Tensor,
        later: int,
        carried: Tensor,
        to_product: Tensor,
        to_new: Tensor,
    ) -> None:
        """Compute the gradient of a frame.

        Reads the states' `gradient` (n, H), what `forward` wrote, and the states `before` (n or
        more, H). The first `later` rows of `carried` (n or more, H) hold the gradient from the next
        frame. Its first n become what goes to the frame before without U. Writes `to_product`
        (n, 3H), the gradient of U h with c, and `to_new` (n, H), that of the sum inside the new
        gate.
        """


class TorchFrames(FrameKernels):
    """Torch's operations, in any floating type."""

    def forward(
        self,
        product: Tensor,
        bias: Tensor,
        new_bias: Tensor,
        before: Tensor,
        gates: Tensor,
        inner: Tensor,
        state: Tensor,
    ) -> None:
        """See `FrameKernels`."""
        hidden = len(new_bias)
        gates.add_(bias)
        both, new = gates[:, : 2 * hidden], gates[:, 2 * hidden :]
        both.add_(product[:, : 2 * hidden]).sigmoid_()
        torch.add(product[:, 2 * hidden :], new_bias, out=inner)
        new.addcmul_(both[:, :hidden], inner).tanh_()
        torch.lerp(new, before, both[:, hidden:], out=state)

    def backward(
        self,
        gradient: Tensor,
        gates: Tensor,
        inner: Tensor,
        before: Tensor,
        later: int,
        carried: Tensor,
        to_product: Tensor,
        to_new: Tensor,
    ) -> None:
        """See `FrameKernels`."""
        r, z, n = gates.unflatten(1, (3, -1)).unbind(1)
        of_reset, of_update, of_inner = to_product.unflatten(1, (3, -1)).unbind(1)
        carried = carried[: len(gradient)]
        carried[later:] = 0
        carried.add_(gradient)
        torch.mul(carried, (1 - z).mul_(1 - n * n), out=to_new)
        torch.mul(to_new, r, out=of_inner)
        torch.sub(1, r, out=of_reset).mul_(of_inner).mul_(inner)
        torch.sub(1, z, out=of_update).mul_(z)
        of_update.mul_(before[: len(n)] - n).mul_(carried)
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

    def forward(
        self,
        product: Tensor,
        bias: Tensor,
        new_bias: Tensor,
        before: Tensor,
        gates: Tensor,
        inner: Tensor,
        state: Tensor,
    ) -> None:
        """See `FrameKernels`."""
        self._forward(
            len(state),
            len(new_bias),
            product.data_ptr(),
            bias.data_ptr(),
            new_bias.data_ptr(),
            before.data_ptr(),
            gates.data_ptr(),
            inner.data_ptr(),
            state.data_ptr(),
        )

    def backward(
        self,
        gradient: Tensor,
        gates: Tensor,
        inner: Tensor,
        before: Tensor,
        later: int,
        carried: Tensor,
        to_product: Tensor,
        to_new: Tensor,
    ) -> None:
        """See `FrameKernels`."""
        self._backward(
            len(gradient),
            later,
            gradient.shape[1],
            gradient.data_ptr(),
            gates.data_ptr(),
            inner.data_ptr(),
            before.data_ptr(),
            carried.data_ptr(),
            to_product.data_ptr(),
            to_new.data_ptr(),
        )


@cache
def kernels_of(kind: torch.dtype) -> FrameKernels:
    """Return the kernels for tensors of a type, compiled if there is a C++ compiler.

    Which of them ran changes results in the last bits, as the type of the CPU does.
    """
    name = {torch.float32: "float", torch.float64: "double"}.get(kind)
    if name is None:
        return TorchFrames()
    try:
        return CompiledFrames(compiled_library(), name)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"GRUs train with torch's operations, which is slower: {_said(error)}", flush=True)
        return TorchFrames()


def _said(error: OSError | subprocess.CalledProcessError) -> str:
    if isinstance(error, subprocess.CalledProcessError):
        return f"{_SOURCE.name} was not compiled:\n{error.stderr}"
    return str(error)


def compiled_library() -> Path:
    """Return the library of gru_frames.cpp in the user's cache folder; compile it if needed.

    Its name depends on source, options, compiler and machine. Errors: `OSError` without a compiler
    or a folder to write to, `CalledProcessError` if the compiler fails.
    """
    compiler = shutil.which(os.environ.get("CXX", "c++"))
    if compiler is None:
        raise OSError("no C++ compiler was found (c++, or the one that CXX names)")
    version = subprocess.run([compiler, "--version"], capture_output=True, check=True).stdout
    said = " ".join([*_OPTIONS, platform.machine(), sys.platform]).encode()
    key = hashlib.sha256(_SOURCE.read_bytes() + said + version).hexdigest()[:16]
    folder = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "schatten"
    library = folder / f"gru_frames-{key}.so"
    if not library.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as work:  # others may compile it too
            made = Path(work) / library.name
            command = [compiler, *_OPTIONS, str(_SOURCE), "-o", str(made)]
            subprocess.run(command, capture_output=True, check=True, text=True)
            made.replace(library)
    return library
