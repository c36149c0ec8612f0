"""The exact score of given words: nothing is searched, nothing pruned.

A word sequence W scores log P(W | audio) + a log P(W) + b |W| in natural logs, as in
`schatten.decode.search`. The acoustic term sums over all CTC paths that spell W with one space or
more between words, or takes the best of them (Graves et al., 2006, section 4.1).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from schatten.decode.logprobs import Frames
from schatten.decode.search import LOG_10, load_lm
from schatten.decode.weights import Weights
from schatten.units import Units, read_spellings

Paths = Literal["sum", "best"]

_BLANK = 0
_START = -1
_IMPOSSIBLE = -1e4


@dataclass
class _Topology:
    """States of the CTC paths of a sentence: their unit, and the states before them."""

    units: list[int] = field(default_factory=list)
    before: list[list[int]] = field(default_factory=list)

    def add(self, unit: int, entries: list[int]) -> list[int]:
        """Add a unit that follows any of `entries`, and the blanks after it; return both states.

        A unit follows itself through a blank alone.
        """
        state = len(self.units)
        self.units += [unit, _BLANK]
        allowed = [entry for entry in entries if entry == _START or self.units[entry] != unit]
        self.before += [[*allowed, state], [state, state + 1]]
        return [state, state + 1]

    def add_spaces(self, space: int, entries: list[int]) -> list[int]:
        """Add one space or more."""
        found = self.add(space, entries)
        self.before[found[0]].append(found[1])
        return found

    def table(self) -> NDArray[np.int64]:
        """Return the states before each state, (states, most of them), padded with a dead one."""
        width = max(map(len, self.before))
        start, dead = len(self.units), len(self.units) + 1
        rows = [
            [start if each == _START else each for each in row] + [dead] * (width - len(row))
            for row in self.before
        ]
        return np.array(rows)


class ExactScorer:
    """Scores words against log-probabilities and a language model."""

    def __init__(
        self, lexicon: Path, lm: Path, units: Units, weights: Weights, paths: Paths
    ) -> None:
        self._space = units.separator_index
        self._spellings: dict[str, dict[tuple[int, ...], None]] = {}
        for word, spelling in read_spellings(lexicon, units):
            known = self._spellings.setdefault(word, {})
            known[spelling] = None
        self._words = {word: number for number, word in enumerate(self._spellings)}
        self._lm = load_lm(lm, list(self._words))
        self._weights = weights
        self._join = np.logaddexp if paths == "sum" else np.maximum

    def score(self, values: Frames, words: Sequence[str]) -> float:
        """Return the score of words on (frames, units) log-probabilities; -inf: not possible."""
        if not self._spellings.keys() >= set(words):
            return -math.inf
        acoustic = self._acoustic(values, words)
        language = self._weights.lm_weight * LOG_10 * self._language(words)
        return acoustic + language + self._weights.word_bonus * len(words)

    def _language(self, words: Sequence[str]) -> float:
        """Return the decimal log-probability of a sentence."""
        context, total = self._lm.start(False), 0.0
        for word in words:
            context, score = self._lm.score(context, self._words[word])
            total += score
        return total + float(self._lm.finish(context)[1])

    def _acoustic(self, values: Frames, words: Sequence[str]) -> float:
        topology, ends = self._topology(words)
        before, units = topology.table(), np.array(topology.units)
        scores = np.full(len(units) + 2, -np.inf)
        scores[len(units)] = 0.0  # before the first frame
        emitted = np.maximum(values, _IMPOSSIBLE).astype(np.float64)[:, units]
        for frame in emitted:
            reached = self._join.reduce(scores[before], axis=1) + frame
            scores[:-2], scores[-2] = reached, -np.inf
        final = [len(units) if end == _START else end for end in ends]
        return float(self._join.reduce(scores[final]))

    def _topology(self, words: Sequence[str]) -> tuple[_Topology, list[int]]:
        """Return the states of a sentence, and those that it may end in."""
        topology = _Topology([_BLANK], [[_START, 0]])
        ends = [_START, 0]
        ends = entries = [*ends, *topology.add_spaces(self._space, ends)]
        for word in words:
            spoken = []
            for spelling in self._spellings[word]:
                reached = entries
                for unit in spelling:
                    reached = topology.add(unit, reached)
                spoken += reached
            entries = topology.add_spaces(self._space, spoken)
            ends = [*spoken, *entries]
        return topology, ends
