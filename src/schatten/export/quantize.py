"""Weights of 8 or 4 bits with a scale per row."""

import numpy as np
import numpy.typing as npt

LARGEST = {8: 127, 4: 7}
"""Largest whole number of so many bits; the smallest is its negative."""


def quantize_rows(
    matrix: npt.NDArray[np.float64], bits: int = 8
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Return whole numbers (m, n) and scales (m,), whose products are near `matrix`.

    They are in -127..127, or -7..7. The largest weight of a row is 127 or 7 times its scale; a row
    of zeros has the scale 0.
    """
    largest = LARGEST[bits]
    scales = (np.abs(matrix).max(axis=1) / largest).astype(np.float32)
    divisors = np.where(scales > 0, scales, 1).astype(np.float64)
    whole = np.rint(matrix / divisors[:, None]).clip(-largest, largest)
    return whole.astype(np.int8), scales


def in_nibbles(whole: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
    """Return whole numbers in -8..7 (m, n) two in a byte: (m, (n + 1) // 2).

    The first one is the low half; an odd row is filled up with zero.
    """
    low = (np.pad(whole, ((0, 0), (0, whole.shape[1] % 2))) & 15).astype(np.uint8)
    return (low[:, 0::2] | (low[:, 1::2] << 4)).view(np.int8)
