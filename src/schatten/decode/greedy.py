"""Greedy decoding: CTC's best path, repeats collapsed and blanks dropped; no LM, no lexicon."""

from collections.abc import Sequence

import numpy as np

from schatten.decode.logprobs import Frames


def greedy_words(values: Frames, units: Sequence[str]) -> list[str]:
    """Return the words of the likeliest unit of every frame.

    `values`: (frames, units), `units[0]` is the blank; a space separates words.
    """
    best = values.argmax(axis=1)
    starts = np.flatnonzero(np.diff(best, prepend=-1))
    return "".join(units[unit] for unit in best[starts] if unit != 0).split()
