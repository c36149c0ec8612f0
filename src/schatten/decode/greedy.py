"""Greedy decoding: CTC's best path, repeats collapsed and blanks dropped; no LM, no lexicon."""

import numpy as np

from schatten.decode.logprobs import Frames
from schatten.units import Units


def greedy_words(values: Frames, units: Units) -> list[str]:
    """Return the words of the likeliest unit of every frame of `values` (frames, units)."""
    best = values.argmax(axis=1)
    starts = np.flatnonzero(np.diff(best, prepend=-1))
    return units.decode(best[starts])
