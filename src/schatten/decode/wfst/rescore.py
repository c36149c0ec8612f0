"""Rescoring word lattices exactly with a KenLM language model, and lists of the best hypotheses."""

from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from schatten.decode.search import LOG_10, load_lm
from schatten.decode.weights import Weights
from schatten.decode.wfst.lattice import WordLattice, shortest_paths
from schatten.fst import Fst, fst_of

_LONGEST_HISTORY = 5
"""Words: KenLM's longest n-gram has six."""
_Node = tuple[int, tuple[int, ...]]


@dataclass(frozen=True)
class Hypothesis:
    """Words and their score in natural logs: acoustic, language model and word bonus."""

    words: list[str]
    score: float


class Rescorer:
    """Puts a language model's scores, weighted, on lattices over a list of words."""

    def __init__(self, lm: Path, words: list[str], weights: Weights) -> None:
        self._words = words
        self._lm = load_lm(lm, words, "the lattices' words")
        self._scale = weights.lm_weight * LOG_10
        self._bonus = weights.word_bonus

    def nbest(self, lattice: WordLattice, count: int) -> list[Hypothesis]:
        """Return the `count` best word sequences, all different, the best first."""
        paths = shortest_paths(self.rescored(lattice), count)
        return [
            Hypothesis([self._words[label - 1] for label in path.labels], -path.cost)
            for path in paths
        ]

    def rescored(self, lattice: WordLattice) -> Fst:
        """Return the lattice with the costs of whole scores: states are parted by history."""
        fst = lattice.fst
        if fst.start < 0:
            return fst
        leaving: list[list[int]] = [[] for _ in range(fst.states)]
        for arc, source in enumerate(fst.source.tolist()):
            leaving[source].append(arc)
        first: _Node = (fst.start, ())
        numbers, contexts = {first: 0}, [self._lm.start(False)]
        queue, arcs, costs, final = deque([first]), [], [], []
        while queue:
            node = queue.popleft()
            source = numbers[node]
            final.append(self._ending(fst, node[0], contexts[source]))
            for arc in leaving[node[0]]:
                word = int(fst.olabel[arc])
                context, score = self._lm.score(contexts[source], word - 1)
                goal = (int(fst.target[arc]), (*node[1], word)[-_LONGEST_HISTORY:])
                if goal not in numbers:
                    numbers[goal] = len(contexts)
                    contexts.append(context)
                    queue.append(goal)
                arcs.append((source, numbers[goal], word, word))
                costs.append(float(fst.cost[arc]) - self._scale * score - self._bonus)
        columns = tuple(np.array(arcs, np.int32).reshape(-1, 4).T)
        return fst_of(0, np.array(final), columns, np.array(costs))

    def _ending(self, fst: Fst, state: int, context: Any) -> float:
        if not np.isfinite(fst.final[state]):
            return float("inf")
        return float(fst.final[state]) - self._scale * float(self._lm.finish(context)[1])
