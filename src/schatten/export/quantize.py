"""8-bit weights with a scale per row."""

import numpy as np
import numpy.typing as npt

LARGEST = 127


def quantize_rows(
    matrix: npt.NDArray[np.float64],
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Return whole numbers in -127..127 (m, n) and scales (m,), whose products are near `matrix`.

    The largest weight of a row is 127 times its scale; a row of zeros has the scale 0.
    """
    scales = (np.abs(matrix).max(axis=1) / LARGEST).astype(np.float32)
    divisors = np.where(scales > 0, scales, 1).astype(np.float64)
    whole = np.rint(matrix / divisors[:, None]).clip(-LARGEST, LARGEST)
    return whole.astype(np.int8), scales
