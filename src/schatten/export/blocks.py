"""Sparse matrices as the engine stores them: blocks of 16 rows by 4 columns, and a bit for each."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from schatten.compress.forms import ENGINE_BLOCK

T = TypeVar("T", bound=np.generic)
ROWS, COLUMNS = ENGINE_BLOCK
LARGEST_SHARE = 0.9
"""A matrix with a larger share of blocks that are not zero is stored whole.

Above it no kernel is faster with blocks than with the whole matrix, see docs/kernels.md.
"""


@dataclass(frozen=True)
class Blocks:
    """An int8 matrix of which only some blocks are stored."""

    shape: tuple[int, int]
    stored: npt.NDArray[np.int8]
    """(blocks, 64): each block's weights, row after row; tile after tile, in a tile by column."""
    bitmap: npt.NDArray[np.int8]
    """(tiles, bytes): bit s % 8 of byte s // 8 says whether a tile's block s is stored."""

    def __post_init__(self) -> None:
        """Check the shapes: an index of other blocks would be misread."""
        tiles, steps = -(-self.shape[0] // ROWS), -(-self.shape[1] // COLUMNS)
        assert self.bitmap.shape == (tiles, -(-steps // 8))
        assert self.stored.shape == (
            int(np.bitwise_count(self.bitmap.view(np.uint8)).sum()),
            ROWS * COLUMNS,
        )


def blocks_of(whole: npt.NDArray[np.int8], kept: npt.NDArray[np.bool_]) -> Blocks | None:
    """Return an int8 matrix (m, n) by blocks, or None where it is better stored whole.

    `kept` (m, n) says which weights are no zeros of a pruned matrix: a weight that is kept may
    round to zero. A block is stored if one of its weights is kept.
    """
    occupied: npt.NDArray[np.bool_] = np.asarray(_in_blocks(kept).any(axis=-1))
    if occupied.mean() > LARGEST_SHARE:
        return None
    occupied[0, 0] |= not occupied.any()  # a file has no empty tensors
    bitmap = np.packbits(occupied, axis=1, bitorder="little").view(np.int8)
    return Blocks((whole.shape[0], whole.shape[1]), _in_blocks(whole)[occupied], bitmap)


def _in_blocks(matrix: npt.NDArray[T]) -> npt.NDArray[T]:
    """Return (tiles, steps, 64): a matrix padded with zeros to whole blocks."""
    rows, columns = matrix.shape
    padded = np.pad(matrix, ((0, -rows % ROWS), (0, -columns % COLUMNS)))
    tiles, steps = padded.shape[0] // ROWS, padded.shape[1] // COLUMNS
    blocks = padded.reshape(tiles, ROWS, steps, COLUMNS).transpose(0, 2, 1, 3)
    return blocks.reshape(tiles, steps, ROWS * COLUMNS)
