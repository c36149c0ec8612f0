"""Bootstrap intervals: how an error rate varies over samples of the same size.

Units (utterances, or speakers with all their utterances) are drawn with replacement (Bisani and
Ney, "Bootstrap estimates for confidence intervals in ASR performance evaluation", 2004). The ends
of the interval are percentiles of the resampled rates.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

SEED = 1
SAMPLES = 1000
CONFIDENCE = 0.95
_DRAWS_AT_ONCE = 2_000_000


def resampled_sums(values: Ints, samples: int, seed: int = SEED) -> Ints:
    """Return the column sums of rows drawn with replacement: (units, columns) to (samples, ...).

    The same seed and number of units draw the same rows, so columns of one array are paired.
    """
    return np.concatenate(
        [values[drawn].sum(axis=1) for drawn in _drawn(len(values), samples, seed)]
    )


def _drawn(units: int, samples: int, seed: int) -> Iterator[Ints]:
    """Yield (some samples, units) indices of rows, in pieces that fit the memory."""
    generator = np.random.Generator(np.random.PCG64(seed))
    step = max(1, _DRAWS_AT_ONCE // units)
    for start in range(0, samples, step):
        yield generator.integers(0, units, size=(min(step, samples - start), units))


def rate_interval(
    errors: Ints, totals: Ints, samples: int, confidence: float
) -> tuple[float, float]:
    """Return the ends of the interval of 100 * sum(errors) / sum(totals), in %.

    `errors` and `totals` are (units,) counts.
    """
    sums = resampled_sums(np.stack([errors, totals], axis=1), samples)
    return percentiles(percent(sums[:, 0], sums[:, 1]), confidence)


def percent(errors: Ints, totals: Ints) -> Floats:
    """Return 100 * errors / totals; a total of 0 counts as 1."""
    return 100.0 * errors / np.maximum(totals, 1)


def percentiles(values: Floats, confidence: float) -> tuple[float, float]:
    """Return the ends of the middle share `confidence` of the values."""
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(values, [tail, 1.0 - tail])
    return float(low), float(high)
