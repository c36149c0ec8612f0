"""A recurrent frame in the engine's own arithmetic: the same float32 numbers, to the last bit.

arm/kernels/vector_impl.h has the formulas: exponentials are Cephes' polynomial, tanh the quotient
of two polynomials that Eigen uses. A state that lies near the middle of two codes is quantised to
another one if its last bit differs, and the difference is carried from frame to frame.

`torch.addcmul` rounds once where the CPU has such an instruction (x86 with AVX2, AArch64). On other
CPUs a few states in a million have another last bit.
"""

import torch
from torch import Tensor

from schatten.models.gru_frames import Forward, TorchFrames

_SHIFT = 12582912.0  # 1.5 * 2^23: the sum's low bits are the nearest whole number
_EXP = (
    1.9875691500e-4,
    1.3981999507e-3,
    8.3334519073e-3,
    4.1665795894e-2,
    1.6666665459e-1,
    5.0000001201e-1,
)
_TANH_ABOVE = (
    -2.76076847742355e-16,
    2.00018790482477e-13,
    -8.60467152213735e-11,
    5.12229709037114e-08,
    1.48572235717979e-05,
    6.37261928875436e-04,
    4.89352455891786e-03,
)
_TANH_BELOW = (
    1.19825839466702e-06,
    1.18534705686654e-04,
    2.26843463243900e-03,
    4.89352518554385e-03,
)


class EngineFrames(TorchFrames):
    """Forward as the engine computes it; backward as torch would."""

    def forward(self, frame: Forward) -> None:
        """See `FrameKernels`; both biases must be part of `product` and `gates`."""
        hidden = frame.state.shape[1]
        gates, product = frame.gates, frame.product
        both = engine_sigmoid(gates[:, : 2 * hidden] + product[:, : 2 * hidden])
        reset, update = both[:, :hidden], both[:, hidden:]
        frame.inner.copy_(product[:, 2 * hidden :])
        new = engine_tanh(torch.addcmul(gates[:, 2 * hidden :], reset, frame.inner))
        torch.addcmul(new, update, frame.before - new, out=frame.state)
        gates.copy_(torch.cat([both, new], 1))


def _polynomial(coefficients: tuple[float, ...], x: Tensor) -> Tensor:
    """Return a polynomial, its highest coefficient first, by Horner's scheme."""
    first, *others = map(x.new_tensor, coefficients)
    value = first.expand_as(x)
    for coefficient in others:
        value = torch.addcmul(coefficient, value, x)
    return value


def _exponential(x: Tensor) -> Tensor:
    """Return e^x = 2^n e^r with |r| <= ln(2) / 2; ln 2 is subtracted in two parts."""
    x = x.clamp(-87.3365402, 88.7228317)
    shifted = torch.addcmul(x.new_tensor(_SHIFT), x, x.new_tensor(1.44269504))
    whole = shifted - _SHIFT
    rest = torch.addcmul(x, whole, x.new_tensor(-0.693359375))
    rest = torch.addcmul(rest, whole, x.new_tensor(2.12194440e-4))
    value = torch.addcmul(rest, _polynomial(_EXP, rest), rest * rest) + 1.0
    power = shifted.view(torch.int32) << 23
    return (value.view(torch.int32) + power).view(torch.float32)


def engine_sigmoid(x: Tensor) -> Tensor:
    """Return 1 / (1 + e^-x), without a gradient."""
    return 1.0 / (1.0 + _exponential(-x))


def engine_tanh(x: Tensor) -> Tensor:
    """Return tanh(x), without a gradient."""
    x = x.clamp(-7.90531111, 7.90531111)
    square = x * x
    return x * _polynomial(_TANH_ABOVE, square) / _polynomial(_TANH_BELOW, square)
