"""Lattices of words with a cost for each way to end, and the state graphs that they expand to.

Criteria over whole hypotheses (`schatten.train.objectives.sequence`) compare paths of words. A
lattice here is acyclic, and each of its word sequences is one path from state 0. A final state has
a cost: the errors of the words that lead to it. So states are parted where errors differ, and the
expected errors are exact, whatever the alignment.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schatten.units.graph import START, GraphBuilder, Spelling, StateGraph

Words = tuple[str, ...]
Arcs = list[dict[str, int]]
Row = NDArray[np.int64]
"""Edits between what was said so far and each beginning of the reference, (labels + 1,)."""


@dataclass(frozen=True)
class Lattice:
    """Word sequences as paths; arcs lead to states of higher numbers."""

    arcs: Arcs
    """For each state, the state that each word leads to."""
    finals: dict[int, int]
    """Cost of ending, by state."""

    @property
    def size(self) -> int:
        """Number of arcs."""
        return sum(map(len, self.arcs))

    def cost_of(self, words: Iterable[str]) -> int | None:
        """Return the cost of a word sequence; None if it is no path."""
        state = 0
        for word in words:
            if word not in self.arcs[state]:
                return None
            state = self.arcs[state][word]
        return self.finals.get(state)


def of_arcs(start: int, arcs: Iterable[tuple[int, int, str]], finals: Iterable[int]) -> Lattice:
    """Return a lattice of arcs (source, target, word); states are numbered anew, all costs are 0.

    Raises `ValueError` for a word that leaves a state twice, and for a circle.
    """
    leaving: dict[int, dict[str, int]] = {}
    for source, target, word in arcs:
        if leaving.setdefault(source, {}).setdefault(word, target) != target:
            raise ValueError(f"two arcs of state {source} have the word {word!r}")
    order = _sorted(start, leaving)
    number = {state: place for place, state in enumerate(order)}
    found = [{w: number[t] for w, t in leaving.get(state, {}).items()} for state in order]
    return Lattice(found, {number[one]: 0 for one in finals if one in number})


def _sorted(start: int, leaving: dict[int, dict[str, int]]) -> list[int]:
    """Return the states that the start leads to, each before those that its arcs lead to."""
    done: list[int] = []
    entered: set[int] = set()
    left: set[int] = set()
    waiting = [(start, False)]
    while waiting:
        state, over = waiting.pop()
        if over:
            left.add(state)
            done.append(state)
            continue
        if state in entered:
            continue
        entered.add(state)
        waiting.append((state, True))
        for target in leaving.get(state, {}).values():
            if target in entered and target not in left:
                raise ValueError("the arcs of a lattice go round in a circle")
            waiting.append((target, False))
    return done[::-1]


def of_paths(paths: Iterable[tuple[Words, int]]) -> Lattice:
    """Return the smallest lattice of word sequences with their costs; of equal ones the first."""
    arcs: Arcs = [{}]
    finals: dict[int, int] = {}
    for words, cost in paths:
        state = 0
        for word in words:
            if word not in arcs[state]:
                arcs[state][word] = len(arcs)
                arcs.append({})
            state = arcs[state][word]
        finals.setdefault(state, cost)
    return smallest(Lattice(arcs, finals))


def smallest(lattice: Lattice) -> Lattice:
    """Return the lattice with states joined that have the same futures and costs."""
    key: dict[int, int] = {}
    known: dict[Any, int] = {}
    for state in reversed(range(len(lattice.arcs))):
        ways = {w: key[t] for w, t in lattice.arcs[state].items() if key[t] >= 0}
        cost = lattice.finals.get(state)
        signature = (cost, *sorted(ways.items()))
        dead = cost is None and not ways
        key[state] = -1 if dead else known.setdefault(signature, state)
    kept = {state: None for state in key.values() if state >= 0}
    leaving = {
        state: {w: key[t] for w, t in lattice.arcs[state].items() if key[t] >= 0} for state in kept
    }
    triples = ((s, t, word) for s, ways in leaving.items() for word, t in ways.items())
    order = _sorted(key[0], leaving) if kept else []
    found = of_arcs(key[0], triples, [])
    costs = {n: lattice.finals[s] for n, s in enumerate(order) if s in lattice.finals}
    return Lattice(found.arcs, costs)


def with_path(lattice: Lattice, words: Words) -> Lattice:
    """Return the lattice with a word sequence among its paths; a new one ends at cost 0."""
    if lattice.cost_of(words) is not None:
        return lattice
    # The path gets states of its own, so that it adds no other sequence. They have the arcs of the
    # states that it passes.
    passed: list[int | None] = [0]
    for word in words:
        last = passed[-1]
        passed.append(None if last is None else lattice.arcs[last].get(word))
    triples = [(s, t, w) for s, ways in enumerate(lattice.arcs) for w, t in ways.items()]
    finals, start = set(lattice.finals), len(lattice.arcs)
    for place, state in enumerate(passed):
        own = {} if state is None else dict(lattice.arcs[state])
        if place < len(words):
            own[words[place]] = start + place + 1
        triples += [(start + place, target, word) for word, target in own.items()]
        if place == len(words) or state in lattice.finals:
            finals.add(start + place)
    return of_arcs(start, triples, finals)


def counted(
    lattice: Lattice,
    reference: Sequence[str],
    labels_of: Callable[[str], Sequence[Any]],
    most: int,
) -> Lattice | None:
    """Return the lattice with the edits of each word sequence to the reference as its cost.

    Words are compared by their labels: themselves, or units. States are parted by the edits up to
    them (Levenshtein's rows). None if there were more than `most` arcs.
    """
    target = np.array([hash(one) for word in reference for one in labels_of(word)], np.int64)
    hashed = {
        word: [hash(one) for one in labels_of(word)] for ways in lattice.arcs for word in ways
    }
    first = np.arange(len(target) + 1)
    numbers: dict[tuple[int, bytes], int] = {(0, first.tobytes()): 0}
    nodes: list[tuple[int, Row]] = [(0, first)]
    triples: list[tuple[int, int, str]] = []
    finals: dict[int, int] = {}
    place = 0
    while place < len(nodes):
        state, row = nodes[place]
        if state in lattice.finals:
            finals[place] = int(row[-1])
        for word, to in lattice.arcs[state].items():
            after = row
            for label in hashed[word]:
                after = _after(after, label, target)
            key = to, after.tobytes()
            if key not in numbers:
                numbers[key] = len(nodes)
                nodes.append((to, after))
            triples.append((place, numbers[key], word))
        if len(triples) > most:
            return None
        place += 1
    leaving: dict[int, dict[str, int]] = {}
    for source, to, word in triples:
        leaving.setdefault(source, {})[word] = to
    order = _sorted(0, leaving)
    costs = {n: finals[node] for n, node in enumerate(order) if node in finals}
    return smallest(replace(of_arcs(0, triples, []), finals=costs))


def _after(row: Row, label: int, target: Row) -> Row:
    """Return the edits after one label more."""
    after = row + 1
    np.minimum(after[1:], row[:-1] + (target != label), out=after[1:])
    steps = np.arange(len(after))
    return np.minimum.accumulate(after - steps) + steps


def edits(words: Sequence[str], reference: Sequence[str]) -> int:
    """Return the edits between two word sequences."""
    lattice = of_paths([(tuple(words), 0)])
    found = counted(lattice, reference, lambda word: (word,), len(words))
    assert found is not None
    return next(iter(found.finals.values()))


@dataclass(frozen=True)
class Costs:
    """A state graph, and the cost of each of its final states."""

    graph: StateGraph
    finals: NDArray[np.float64]
    """Cost of each final state (F,)."""

    def weighted(self) -> StateGraph | None:
        """Return the graph whose paths weigh their probability times their cost; None if all are 0.

        The sum over its paths, divided by the sum over those of the graph, is the expected cost.
        """
        some = self.finals > 0
        if not some.any():
            return None
        return replace(
            self.graph,
            finals=self.graph.finals[some],
            final_weights=np.log(self.finals[some]),
        )


def expanded(
    lattice: Lattice,
    spelled: Callable[[str], Sequence[Spelling]],
    weight_of: Callable[[str], float],
    separator: int | None,
) -> Costs:
    """Return the CTC paths of a lattice's words, each spelled in any of its ways.

    `weight_of`: log-weight of a word, as a language model of unigrams gives it. With a separator
    there is one between words.
    """
    builder = GraphBuilder()
    ends: list[list[int]] = [[] for _ in lattice.arcs]
    ends[0] = [START, builder.add_blank([START])]
    entered: list[tuple[int, int, float]] = []
    for state, ways in enumerate(lattice.arcs):
        entries = ends[state]
        if ways and state and separator is not None:
            entries = builder.add_label(separator, entries)
        for word, target in ways.items():
            first = builder.size
            ends[target] += builder.add_word(spelled(word), entries)
            entered.append((first, builder.size, weight_of(word)))
    pairs = [(end, cost) for state, cost in lattice.finals.items() for end in ends[state]]
    graph = builder.graph(end for end, _ in pairs)
    weights = np.zeros(len(graph.sources))
    for first, last, weight in entered:
        arcs = slice(graph.offsets[first], graph.offsets[last])
        weights[arcs][graph.sources[arcs] < first] = weight
    costs = np.array([cost for _, cost in pairs], np.float64)
    return Costs(replace(graph, weights=weights), costs)


def counted_once(graph: StateGraph, units: int) -> StateGraph:
    """Return the graph whose paths emit unit + `units` in one frame of their choice.

    If that stands for the unit's log-probability plus the log of its cost in the frame, all paths
    together sum up the costs of all frames.
    """
    states = len(graph)
    targets = np.repeat(np.arange(states), np.diff(graph.offsets))
    sources = graph.sources
    later = sources != START
    weights = np.zeros(len(sources)) if graph.weights is None else graph.weights
    into = [targets, targets + states, targets[later] + 2 * states, targets[later] + 2 * states]
    out_of = [sources, sources, sources[later] + states, sources[later] + 2 * states]
    weighted = np.concatenate([weights, weights, weights[later], weights[later]])
    into_all, out_all = np.concatenate(into), np.concatenate(out_of)
    order = np.argsort(into_all, kind="stable")
    ends = graph.finals[graph.finals != START]
    counts = np.bincount(into_all, minlength=3 * states)
    return StateGraph(
        units=np.concatenate([graph.units, graph.units + units, graph.units]),
        sources=out_all[order],
        offsets=np.concatenate([[0], np.cumsum(counts)]),
        finals=np.concatenate([ends + states, ends + 2 * states]),
        weights=weighted[order],
    )
