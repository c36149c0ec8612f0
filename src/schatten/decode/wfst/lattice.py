"""Lattices of a search, reduced to words and their acoustic scores."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from schatten.fst import EPSILON, Fst, from_kaldifst, fst_of, to_mutable


@dataclass(frozen=True)
class RawLattice:
    """A search's lattice: paths through frames, with the graph's costs and the acoustic ones."""

    arcs: list[tuple[int, int, int]]
    """Source, target and word (0: none) of every arc; the first source is the start."""
    acoustic: list[float]
    """Acoustic cost of every arc."""
    finals: dict[int, float]
    """Acoustic cost of ending, by state."""

    @classmethod
    def parse(cls, text: str) -> "RawLattice":
        """Read OpenFst's text form: SOURCE TARGET UNIT WORD GRAPH,ACOUSTIC or STATE [costs]."""
        arcs, acoustic, finals = [], [], {}
        for line in text.splitlines():
            fields = line.split()
            if len(fields) > 3:
                arcs.append((int(fields[0]), int(fields[1]), int(fields[3])))
                acoustic.append(_acoustic(fields[4:]))
            elif fields:
                finals[int(fields[0])] = _acoustic(fields[1:])
        return cls(arcs, acoustic, finals)


def _acoustic(weight: list[str]) -> float:
    """Return the second of a pair of costs; no pair is no cost."""
    return float("".join(weight).split(",")[1]) if weight else 0.0


@dataclass(frozen=True)
class WordLattice:
    """Different word sequences, each of which is one path: deterministic, without epsilons."""

    fst: Fst
    """Reads and writes words; costs are acoustic: minus the log-probability of the best CTC path.
    """

    def as_json(self, words: Sequence[str]) -> dict[str, Any]:
        """Return start, arcs (source, target, word, cost) and costs of ending, by state."""
        fst = self.fst
        columns = (fst.source, fst.target, fst.olabel, fst.cost)
        arcs = [
            [source, target, words[label - 1], round(cost, 4)]
            for source, target, label, cost in zip(*(c.tolist() for c in columns), strict=True)
        ]
        final = {
            str(state): round(float(fst.final[state]), 4)
            for state in np.flatnonzero(np.isfinite(fst.final)).tolist()
        }
        return {"start": fst.start, "arcs": arcs, "final": final}

    @classmethod
    def from_json(cls, value: Mapping[str, Any], labels: Mapping[str, int]) -> "WordLattice":
        """Read what `as_json` returned, with labels for its words."""
        if value["start"] < 0:
            return cls.empty()
        final = {int(state): cost for state, cost in value["final"].items()}
        arcs = [(source, target, labels[word]) for source, target, word, _ in value["arcs"]]
        costs = [arc[3] for arc in value["arcs"]]
        return cls(_acceptor(value["start"], arcs, costs, final))

    @classmethod
    def empty(cls) -> "WordLattice":
        """Return an empty lattice, with no word sequence."""
        none, free = np.zeros(0, np.int32), np.zeros(0, np.float32)
        return cls(Fst(-1, free, none, none, none, none, free))


def word_lattice(raw: RawLattice) -> WordLattice:
    """Leave out frames and graph costs: the best acoustic score of every word sequence is kept.

    This removes the score of the graph's language model, so that another one can replace it.
    """
    found = small_word_lattice(raw, -1)
    assert found is not None
    return found


def small_word_lattice(raw: RawLattice, most: int) -> WordLattice | None:
    """Return the same; None if it took more than `most` states or steps (-1: any number)."""
    import kaldifst

    if not raw.finals:
        return WordLattice.empty()
    start = raw.arcs[0][0] if raw.arcs else next(iter(raw.finals))
    found = to_mutable(_acceptor(start, raw.arcs, raw.acoustic, raw.finals))
    try:
        kaldifst.determinize_star(found, max_states=most)
    except RuntimeError as error:  # so it says that there are too many, whatever its page says
        if most < 0 or "Determinization aborted" not in str(error):
            raise
        return None
    kaldifst.connect(found)
    return WordLattice(from_kaldifst(found))


def _acceptor(
    start: int,
    arcs: list[tuple[int, int, int]],
    costs: list[float],
    finals: Mapping[int, float],
) -> Fst:
    """Make an acceptor of arcs (source, target, word)."""
    states = 1 + max([start, *finals, *(max(arc[:2]) for arc in arcs)])
    final = np.full(states, np.inf)
    final[list(finals)] = list(finals.values())
    source, target, word = np.array(arcs, np.int32).reshape(-1, 3).T
    return fst_of(start, final, (source, target, word, word), np.array(costs))


@dataclass(frozen=True)
class Path:
    """A path through a transducer."""

    labels: list[int]
    """What it writes."""
    cost: float


def shortest_paths(fst: Fst, count: int) -> list[Path]:
    """Return the `count` cheapest paths, the best first."""
    import kaldifst

    if not fst.arcs and not np.isfinite(fst.final).any():
        return []
    found = from_kaldifst(kaldifst.shortest_path(to_mutable(fst), n=count))
    if found.start < 0:
        return []
    leaving: list[list[int]] = [[] for _ in range(found.states)]
    for arc, source in enumerate(found.source.tolist()):
        leaving[source].append(arc)
    paths = [_follow(found, leaving, arc) for arc in leaving[found.start]]
    if np.isfinite(found.final[found.start]):
        paths.append(Path([], float(found.final[found.start])))
    return sorted(paths, key=lambda path: (path.cost, path.labels))


def _follow(fst: Fst, leaving: list[list[int]], arc: int) -> Path:
    """Return the one path that goes on with an arc."""
    labels, cost, state = [], 0.0, -1
    while arc >= 0:
        cost += float(fst.cost[arc])
        if fst.olabel[arc] != EPSILON:
            labels.append(int(fst.olabel[arc]))
        state = int(fst.target[arc])
        arc = leaving[state][0] if leaving[state] else -1
    return Path(labels, cost + float(fst.final[state]))
