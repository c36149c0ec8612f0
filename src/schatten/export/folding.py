"""BatchNorm at inference: as x * gain + offset, and folded into the next matrix."""

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
    """Return gain and offset of a norm, from its running statistics."""
    gain, offset = norm.gain_and_offset()
    return Affine(gain.numpy(), offset.numpy())


def fold(matrix: Array, norm: Affine | None) -> tuple[Array, Array]:
    """Return M and b such that M x + b is `matrix` (m, n) times the normalised x (n,)."""
    if norm is None:
        return matrix, np.zeros(len(matrix))
    return matrix * norm.gain, matrix @ norm.offset
