"""Quantized forward passes with the integer arithmetic of the engine.

Weights are integers of `bits` bits with a scale for each row. Activations are integers of 8 bits
with a scale for each frame. Both are returned as floating-point tensors, in which sums up to 2^24
are exact. The backward pass ignores the rounding ("straight-through", Bengio et al., 2013).

`torch.fake_quantize_per_channel_affine` is not used because it multiplies by the rounded reciprocal
of a scale. About one code in a million then differs from the engine's, and so do all later states.
The arithmetic here is that of export and engine.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor

BITS = (8, 4)
"""Bits per weight that the engine can read."""
ACTIVATION_BITS = 8
SILENT = 1e-30
"""A frame whose largest magnitude is below this counts as zeros, as in the engine.

So 127 / magnitude stays finite.
"""

_SHIFT = 12582912.0  # 1.5 * 2^23: adding it rounds a small float32 to a whole number, half to even


def largest_code(bits: int) -> int:
    """Return the largest code of `bits` bits, 127 or 7; the smallest code is its negative."""
    return int(2 ** (bits - 1)) - 1


class Codes(NamedTuple):
    """Integers and their scales."""

    whole: Tensor
    """Integers (M, ...) as floating-point values, with a gradient."""
    scales: Tensor
    """A scale for each first index (M,), without a gradient."""

    def values(self) -> Tensor:
        """Return the dequantized values (M, ...): integers times scales."""
        return self.whole * along(self.scales, self.whole)


def along(scales: Tensor, like: Tensor) -> Tensor:
    """Return scales (M,) reshaped to (M, 1, ...), to multiply a tensor `like` (M, ...)."""
    return scales.view(-1, *[1] * (like.dim() - 1))


class _Round(torch.autograd.Function):
    """Round to the nearest integer, half to even; the gradient passes through unchanged."""

    @staticmethod
    def forward(context: Any, x: Tensor) -> Tensor:
        return x.round()

    @staticmethod
    def backward(context: Any, *gradients: Tensor) -> Tensor:
        return gradients[0]


def rounded(x: Tensor) -> Tensor:
    """Return x rounded to integers; the gradient passes through unchanged."""
    result: Tensor = _Round.apply(x)
    return result


class _Nearest(torch.autograd.Function):
    """Round x times an inverse scale to the nearest integer; the gradient is that of the product.

    Like the engine, it adds 1.5 * 2^23 and multiplies in one operation, so the exact product is
    rounded. Rounding the product to float32 first would move numbers next to a half onto the half.
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
    """Quantize a matrix (m, ...) with a scale for each row: its largest magnitude / 127, or / 7.

    A row of zeros has the scale 0. Pass the matrix in float64, as export does. The codes are
    float32.
    """
    rows = matrix.detach().flatten(1).abs().amax(1)
    scales = (rows / largest_code(bits)).float()
    divisors = torch.where(scales > 0, scales, 1).to(matrix.dtype)
    return Codes(rounded(matrix / along(divisors, matrix)).float(), scales)


def quantized_frames(x: Tensor) -> Codes:
    """Quantize activations (M, ...) to 8 bits; a frame's scale is its largest magnitude / 127."""
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

    The engine multiplies by the frame's scale and adds the bias with a single rounding. So does
    `torch.addcmul`, on CPUs with a fused multiply-add instruction.
    """
    sums = torch.nn.functional.linear(x.whole, matrix.whole) * matrix.scales
    frames = x.scales[:, None]
    return sums * frames if bias is None else torch.addcmul(bias, sums, frames)
