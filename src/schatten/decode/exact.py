"""The exact score of given words: nothing is searched, nothing pruned.

A word sequence W scores log P(W | audio) + a log P(W) + b |W| in natural logs, as in
`schatten.decode.search`. The acoustic term sums over all CTC paths that spell W in any of its
spellings, or takes the best of them (Graves et al., 2006, section 4.1). Words have one separator or
more between them; in units without a separator they follow each other directly.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import numpy as np

from schatten.decode.logprobs import Frames
from schatten.decode.search import LOG_10, load_lm
from schatten.decode.weights import Weights
from schatten.units import Units, read_spellings
from schatten.units.graph import START, GraphBuilder, Spelling, StateGraph, pronunciations

Paths = Literal["sum", "best"]

_IMPOSSIBLE = -1e4


class ExactScorer:
    """Scores words against log-probabilities and a language model."""

    def __init__(
        self, lexicon: Path, lm: Path, units: Units, weights: Weights, paths: Paths
    ) -> None:
        self._space = None if units.separator is None else units.separator_index
        self._grams = units.grams
        self._spellings: dict[str, dict[tuple[int, ...], None]] = {}
        for word, spelling in read_spellings(lexicon, units):
            known = self._spellings.setdefault(word, {})
            known[spelling] = None
        self._words = {word: number for number, word in enumerate(self._spellings)}
        self._lm = load_lm(lm, list(self._words), lexicon)
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
        spellings = [tuple(self._spellings[word]) for word in words]
        if self._space is None:
            graph = pronunciations(spellings)
        else:
            graph = _separated(spellings, self._space, self._grams)
        before, states = graph.table(), len(graph)
        scores = np.full(states + 2, -np.inf)
        scores[states] = 0.0  # before the first frame
        emitted = np.maximum(values, _IMPOSSIBLE).astype(np.float64)[:, graph.units]
        for frame in emitted:
            reached = self._join.reduce(scores[before], axis=1) + frame
            scores[:states], scores[states] = reached, -np.inf
        final = np.where(graph.finals == START, states, graph.finals)
        return float(self._join.reduce(scores[final]))


def _separated(
    words: Sequence[Sequence[Spelling]], separator: int, grams: Mapping[Spelling, int]
) -> StateGraph:
    """Return the paths of words between separators; the outer ones may be missing.

    `grams`: if there are any, letters are written in every segmentation into them.
    """
    builder = GraphBuilder()
    ends = [START, builder.add_blank([START])]
    ends = entries = [*ends, *builder.add_repeated(separator, ends)]
    for spellings in words:
        if grams:
            ways = (builder.add_segmented(one, grams, entries) for one in spellings)
            spoken = [end for way in ways for end in way]
        else:
            spoken = builder.add_word(spellings, entries)
        entries = builder.add_repeated(separator, spoken)
        ends = [*spoken, *entries]
    return builder.graph(ends)
