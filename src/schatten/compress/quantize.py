"""Quantised passes: whole numbers with a scale a row or a frame, as the engine computes with them.

Weights are whole numbers of `bits` bits with a scale for each row. Activations are whole numbers of
8 bits with a scale for each frame. Both are returned as floating-point tensors, whose products are
exact up to 2^24. Gradients pass through the rounding as if it were not there ("straight-through",
Bengio et al., 2013).

`torch.fake_quantize_per_channel_affine` multiplies by the rounded reciprocal of a scale. One code
in a million is another than the engine's then, and the states after it differ too. So the
arithmetic here is that of export and engine.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor

BITS = (8, 4)
"""Bits of a weight that the engine can read."""
ACTIVATION_BITS = 8
SILENT = 1e-30
"""Below this largest value a frame counts as zeros, as in the engine: 127 / value stays finite."""

_SHIFT = 12582912.0  # 1.5 * 2^23: adding it rounds a small float32 to a whole number, half to even


def largest_code(bits: int) -> int:
    """Return the largest whole number of so many bits: 127 or 7; the smallest is its negative."""
    return int(2 ** (bits - 1)) - 1


class Codes(NamedTuple):
    """Whole numbers and their scales."""

    whole: Tensor
    """Whole numbers (M, ...), of a floating type, with a gradient."""
    scales: Tensor
    """A scale (M,) for each first index, without a gradient."""

    def values(self) -> Tensor:
        """Return the numbers (M, ...) that are stood for."""
        return self.whole * along(self.scales, self.whole)


def along(scales: Tensor, like: Tensor) -> Tensor:
    """Return scales (M,) in a shape that multiplies a tensor (M, ...)."""
    return scales.view(-1, *[1] * (like.dim() - 1))


class _Round(torch.autograd.Function):
    """The nearest whole number, half to even; the gradient is that of its argument."""

    @staticmethod
    def forward(context: Any, x: Tensor) -> Tensor:
        return x.round()

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> Tensor:
        return gradients[0]


def rounded(x: Tensor) -> Tensor:
    """Return whole numbers whose gradient is that of x."""
    result: Tensor = _Round.apply(x)
    return result


class _Nearest(torch.autograd.Function):
    """The whole number nearest to x times an inverse scale; the gradient is that of the product.

    The engine rounds the exact product, in one operation with the addition of 1.5 * 2^23. Rounding
    the product to float32 first would turn numbers just beside a half into halves.
    """

    @staticmethod
    def forward(context: Any, x: Tensor, inverse: Tensor) -> Tensor:
        context.save_for_backward(inverse)
        return torch.addcmul(x.new_tensor(_SHIFT), x, inverse).sub_(_SHIFT)

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (inverse,) = context.saved_tensors
        return gradients[0] * inverse, None


def quantized_rows(matrix: Tensor, bits: int) -> Codes:
    """Quantise a matrix (m, ...) with a scale for each row: its largest magnitude / 127, or / 7.

    A row of zeros has the scale 0. Give the matrix in float64, as export does: codes are float32.
    """
    rows = matrix.detach().flatten(1).abs().amax(1)
    scales = (rows / largest_code(bits)).float()
    divisors = torch.where(scales > 0, scales, 1).to(matrix.dtype)
    return Codes(rounded(matrix / along(divisors, matrix)).float(), scales)


def quantized_frames(x: Tensor) -> Codes:
    """Quantise activations (M, ...) to 8 bits with a scale for each frame: the largest / 127."""
    top = x.detach().flatten(1).abs().amax(1)
    most = top.new_tensor(
        largest_code(ACTIVATION_BITS)
    )  # torch computes 127 / top as 127 * (1 / top)
    silent = top < SILENT
    inverse = torch.where(silent, 0.0, most / top)
    scales = torch.where(silent, 0.0, top / most)
    return Codes(_Nearest.apply(x, along(inverse, x)), scales)


def quantized_product(x: Codes, matrix: Codes, bias: Tensor | None = None) -> Tensor:
    """Return the products (M, m) of frames (M, n) with a matrix (m, n), plus a bias (m,).

    The engine adds the bias in one rounding with the last product. So does `torch.addcmul`, on CPUs
    with such an instruction.
    """
    sums = torch.nn.functional.linear(x.whole, matrix.whole) * matrix.scales
    frames = x.scales[:, None]
    return sums * frames if bias is None else torch.addcmul(bias, sums, frames)
