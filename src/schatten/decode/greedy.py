"""Greedy decoding: CTC's best path, repeats collapsed and blanks dropped; no LM, no lexicon."""

import numpy as np
from numpy.typing import NDArray

from schatten.decode.logprobs import Frames
from schatten.units import Units


def greedy_words(values: Frames, units: Units) -> list[str]:
    """Return the words of the likeliest unit of every frame of `values` (frames, units)."""
    return units.decode(_best_path(values))


def greedy_units(values: Frames, units: Units) -> list[str]:
    """Return the names of the units on the best path of `values` (frames, units)."""
    return [units.names[label] for label in _best_path(values) if label]


def _best_path(values: Frames) -> NDArray[np.int64]:
    """Return the likeliest unit of every frame, repeats collapsed, blanks kept."""
    best = values.argmax(axis=1)
    return best[np.flatnonzero(np.diff(best, prepend=-1))]
