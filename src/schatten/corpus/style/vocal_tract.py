"""Moves formants and pitch of recorded speech, at its own pace.

WSOLA (Verhelst and Roelands, ICASSP 1993) changes the pace and keeps the pitch: it lays windows of
the recording one behind another, each where it best continues the one before. Played faster by as
much, the result has its first length, and all its frequencies are multiplied.
"""

import numpy as np
from numpy.typing import NDArray

from schatten.corpus.style.distortion import Signal, scale_voice
from schatten.corpus.utterance import SAMPLING_RATE

_HOP = 320
"""Samples between windows of twice as many: 20 ms, a pitch period of the lowest voices and more."""
_SEARCH = 160
"""Samples, 10 ms, by which a window may be moved either way to continue the one before."""


def warp(samples: Signal, factor: float) -> Signal:
    """Multiply all frequencies of 16 kHz samples by `factor`; the length is the same."""
    if factor == 1.0 or not len(samples):
        return samples
    moved = scale_voice(paced(samples, factor), SAMPLING_RATE, factor)
    return np.pad(moved, (0, max(0, len(samples) - len(moved))))[: len(samples)]


def paced(samples: Signal, factor: float) -> Signal:
    """Make speech `factor` times as long and keep its pitch."""
    count = int(np.ceil(len(samples) * factor / _HOP))
    window = np.hanning(2 * _HOP + 1)[:-1].astype(np.float32)
    margin = _SEARCH + 2 * _HOP
    source = np.pad(samples, (margin, margin + 2 * _HOP))
    found = np.zeros((count + 2) * _HOP, dtype=np.float32)
    place = margin - _HOP
    for index in range(count + 1):
        if index:
            wanted = margin - _HOP + round(index * _HOP / factor)
            place = _best(source, place + _HOP, wanted)
        found[index * _HOP : (index + 2) * _HOP] += window * source[place : place + 2 * _HOP]
    return found[_HOP : _HOP + round(len(samples) * factor)]


def _best(source: NDArray[np.float32], follows: int, wanted: int) -> int:
    """Return the place near `wanted` that is most like what follows the last window."""
    target = source[follows : follows + _HOP]
    region = source[wanted - _SEARCH : wanted + _SEARCH + _HOP]
    likeness = np.correlate(region, target, "valid")
    energy = np.convolve(region * region, np.ones(_HOP, np.float32), "valid")
    return wanted - _SEARCH + int(np.argmax(likeness / np.sqrt(energy + 1e-9)))
