"""Searching a decoding graph with kaldi-decoder: the best path, and lattices to rescore.

The score of a word sequence W is  max log P(path | audio) + a log P(W) + b |W|  in natural logs,
over the CTC paths that spell W; a is the LM weight, b the word bonus. Both are put into a copy of
the graph's costs, so that one graph serves all weights.
"""

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np

from schatten.decode.logprobs import Frames
from schatten.decode.weights import Weights
from schatten.decode.wfst.graph import Graph
from schatten.decode.wfst.lattice import (
    RawLattice,
    WordLattice,
    small_word_lattice,
    word_lattice,
)
from schatten.decode.wfst.rescore import Rescorer
from schatten.fst import Fst, to_kaldifst
from schatten.recipe.decoding import GraphSettings

_IMPOSSIBLE = -1e4


def weighted(fst: Fst, weights: Weights) -> Fst:
    """Return a graph with LM weight and word bonus in its costs."""
    scale = np.float32(weights.lm_weight)
    ending = np.isfinite(fst.final)
    final = np.where(ending, scale * np.where(ending, fst.final, 0.0), np.inf)
    bonus = np.where(fst.olabel > 0, np.float32(weights.word_bonus), np.float32(0.0))
    return dataclasses.replace(fst, cost=scale * fst.cost - bonus, final=final.astype(np.float32))


class GraphSearch:
    """A graph, loaded once and searched with any weights."""

    def __init__(self, graph: Graph, settings: GraphSettings, rescoring_lm: Path | None) -> None:
        self._graph = graph
        self._settings = settings
        self._rescoring_lm = rescoring_lm

    def decoder(self, weights: Weights) -> "GraphDecoder":
        """Return a decoder with these weights; it copies the graph."""
        rescorer = None
        if self._rescoring_lm is not None:
            rescorer = Rescorer(self._rescoring_lm, self._graph.words, weights)
        return GraphDecoder(self._graph, self._settings, weights, rescorer)


class GraphDecoder:
    """Decodes utterances one at a time."""

    def __init__(
        self,
        graph: Graph,
        settings: GraphSettings,
        weights: Weights,
        rescorer: Rescorer | None = None,
    ) -> None:
        import kaldi_decoder

        self._graph = graph
        self._rescorer = rescorer
        self._fst = to_kaldifst(weighted(graph.fst, weights))
        options = kaldi_decoder.FasterDecoderOptions(
            beam=settings.beam, max_active=settings.max_active
        )
        self._best = kaldi_decoder.FasterDecoder(self._fst, options)
        lattices = kaldi_decoder.LatticeSimpleDecoderConfig(
            beam=settings.beam, lattice_beam=settings.lattice_beam
        )
        self._lattices = kaldi_decoder.LatticeSimpleDecoder(self._fst, lattices)

    def words(self, values: Frames) -> list[str]:
        """Return the best words of (frames, units) log-probabilities, rescored where asked."""
        if self._rescorer is None:
            return self.best(values)[0]
        hypotheses = self._rescorer.nbest(self.lattice(values), 1)
        return hypotheses[0].words if hypotheses else []

    def best(self, values: Frames) -> tuple[list[str], float]:
        """Return the words of the best path through the graph, and its score."""
        import kaldifst

        if not len(values):
            return [], -math.inf
        self._best.decode(_decodable(values))
        found, path = self._best.get_best_path()
        if not found:
            return [], -math.inf
        _, _, labels, weight = kaldifst.get_linear_symbol_sequence(path)
        return self._graph.words_of(labels), -(weight.value1 + weight.value2)

    def lattice(self, values: Frames) -> WordLattice:
        """Return the word sequences near the best path, with their acoustic scores."""
        raw = self._raw(values)
        return WordLattice.empty() if raw is None else word_lattice(raw)

    def small_lattice(self, values: Frames, most: int) -> WordLattice | None:
        """Return the same; None if it would have more than `most` states."""
        raw = self._raw(values)
        return WordLattice.empty() if raw is None else small_word_lattice(raw, most)

    def _raw(self, values: Frames) -> RawLattice | None:
        if not len(values) or not self._lattices.decode(_decodable(values)):
            return None
        found, raw = self._lattices.get_raw_lattice()
        return RawLattice.parse(raw.to_str()) if found else None


def _decodable(values: Frames) -> Any:
    import kaldi_decoder

    possible = np.maximum(np.ascontiguousarray(values, np.float32), np.float32(_IMPOSSIBLE))
    return kaldi_decoder.DecodableCtc(possible)
