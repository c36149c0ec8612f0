"""BatchNorm as what it is at inference, x * gain + offset, and folded into the next matrix."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from schatten.models.layers import MaskedBatchNorm

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Affine:
    """x * gain + offset, for each of C channels."""

    gain: Array
    offset: Array


def affine(norm: MaskedBatchNorm) -> Affine:
    """Return what a norm does with its running statistics (Ioffe & Szegedy, 2015, eq. of alg. 2).

    gain = weight / sqrt(variance + eps), offset = bias - mean * gain.
    """
    assert norm.running_mean is not None
    assert norm.running_var is not None
    weight, bias, mean, variance = (
        one.detach().numpy().astype(np.float64)
        for one in (norm.weight, norm.bias, norm.running_mean, norm.running_var)
    )
    gain = weight / np.sqrt(variance + norm.eps)
    return Affine(gain, bias - mean * gain)


def fold(matrix: Array, norm: Affine | None) -> tuple[Array, Array]:
    """Return M and b such that M x + b is `matrix` (m, n) times the normalised x (n,)."""
    if norm is None:
        return matrix, np.zeros(len(matrix))
    return matrix * norm.gain, matrix @ norm.offset
