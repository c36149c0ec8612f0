"""Lattices beside the lists of their word sequences; their graphs beside all paths."""

import itertools
import math
from collections.abc import Iterator

import numpy as np
import pytest
from kaldialign import edit_distance
from toy_lattices import SPELLINGS, drawn_words, sequences

from schatten.units.graph import START, StateGraph
from schatten.units.lattices import (
    Lattice,
    counted,
    counted_once,
    edits,
    expanded,
    of_arcs,
    of_paths,
    smallest,
    with_path,
)

CASES = range(20)


@pytest.mark.parametrize("seed", CASES)
def test_a_lattice_of_paths_has_those_and_their_costs(seed: int) -> None:
    words = drawn_words(np.random.default_rng(seed), 6)
    costs = {one: place % 3 for place, one in enumerate(words)}
    lattice = of_paths(costs.items())
    assert dict(sequences(lattice)) == costs
    assert {one: lattice.cost_of(one) for one in costs} == costs
    assert all(to > state for state, ways in enumerate(lattice.arcs) for to in ways.values())


def test_equal_futures_are_one_state() -> None:
    lattice = of_paths([(tuple(text.split()), 0) for text in ("a b c", "a d c", "e b c")])
    assert lattice.size == 6
    assert of_paths([(("a", "c"), 0), (("b", "c"), 1)]).size == 4, "costs part states"


@pytest.mark.parametrize("seed", CASES)
def test_a_path_is_added_alone(seed: int) -> None:
    generator = np.random.default_rng(seed)
    lattice = of_paths((one, 0) for one in drawn_words(generator, 5))
    (path,) = drawn_words(generator, 1)
    before = dict(sequences(lattice))
    assert dict(sequences(with_path(lattice, path))) == {**before, path: 0}


@pytest.mark.parametrize("kind", ["words", "units"])
@pytest.mark.parametrize("seed", CASES)
def test_costs_are_edits(seed: int, kind: str) -> None:
    generator = np.random.default_rng(seed)
    words = drawn_words(generator, 6)
    (reference,) = drawn_words(generator, 1)

    def labels(word: str) -> tuple[object, ...]:
        return (word,) if kind == "words" else SPELLINGS[word][0]

    found = counted(of_paths((one, 0) for one in words), reference, labels, 1000)
    assert found is not None
    expected = {
        one: edit_distance(
            [str(x) for word in reference for x in labels(word)],
            [str(x) for word in one for x in labels(word)],
        )["total"]
        for one in words
    }
    assert dict(sequences(found)) == expected
    if kind == "words":
        assert {one: edits(one, reference) for one in words} == expected


def test_a_lattice_that_grows_too_large_is_given_up() -> None:
    lattice = of_paths([(("a", "b"), 0), (("c", "d"), 0)])
    assert counted(lattice, ("a",), lambda word: (word,), 3) is None


def test_arcs_are_sorted_and_circles_refused() -> None:
    lattice = of_arcs(7, [(7, 2, "a"), (2, 5, "b"), (7, 5, "c"), (9, 9, "far")], [5])
    assert dict(sequences(lattice)) == {("a", "b"): 0, ("c",): 0}
    with pytest.raises(ValueError, match="circle"):
        of_arcs(0, [(0, 1, "a"), (1, 0, "b")], [1])
    with pytest.raises(ValueError, match="two arcs of state 0"):
        of_arcs(0, [(0, 1, "a"), (0, 2, "a")], [1])
    assert smallest(Lattice([{"a": 1}, {}], {})).size == 0


def paths_of(graph: StateGraph, frames: int) -> Iterator[tuple[tuple[int, ...], float, int]]:
    """Yield the units, the log-weight and the final state of every path."""
    weights = np.zeros(len(graph.sources)) if graph.weights is None else graph.weights
    ways: list[dict[int, float]] = [
        {
            int(graph.sources[arc]): float(weights[arc])
            for arc in range(graph.offsets[state], graph.offsets[state + 1])
        }
        for state in range(len(graph))
    ]
    found: list[tuple[tuple[int, ...], float, int]] = [((), 0.0, START)]
    for _ in range(frames):
        found = [
            ((*units, int(graph.units[state])), weight + ways[state][last], state)
            for units, weight, last in found
            for state in range(len(graph))
            if last in ways[state]
        ]
    yield from ((u, w, last) for u, w, last in found if last in graph.finals)


@pytest.mark.parametrize("separator", [None, 4])
def test_a_graph_has_the_paths_of_all_words_with_their_weights(separator: int | None) -> None:
    words = [(), ("a",), ("b", "a"), ("ab", "a")]
    lattice = of_paths((one, place) for place, one in enumerate(words))
    weights = {"a": -0.5, "b": -1.0, "ab": -2.0}
    costs = expanded(lattice, SPELLINGS.__getitem__, weights.__getitem__, separator)
    found: dict[tuple[tuple[int, ...], float, float], int] = {}
    cost_of = dict(zip(costs.graph.finals.tolist(), costs.finals.tolist(), strict=True))
    for units, weight, last in paths_of(costs.graph, 4):
        key = units, round(weight, 9), cost_of[last]
        found[key] = found.get(key, 0) + 1
    expected: dict[tuple[tuple[int, ...], float, float], int] = {}
    for cost, one in enumerate(words):
        for choice in itertools.product(*(SPELLINGS[word] for word in one)):
            parted = [[*spelling, *([separator] if separator else [])] for spelling in choice]
            labels = [unit for some in parted for unit in some]
            if separator and labels:
                labels.pop()
            for path in itertools.product(range(5), repeat=4):
                if [unit for unit, _ in itertools.groupby(path) if unit] == labels:
                    key = path, round(sum(weights[word] for word in one), 9), float(cost)
                    expected[key] = expected.get(key, 0) + 1
    assert found == expected


def test_each_path_is_counted_in_each_frame_once() -> None:
    lattice = of_paths([(("a",), 0), (("b", "a"), 0)])
    graph = expanded(lattice, SPELLINGS.__getitem__, lambda _: -0.25, None).graph
    expected = sorted(
        ((*units[:frame], units[frame] + 5, *units[frame + 1 :]), round(weight, 9))
        for units, weight, _ in paths_of(graph, 3)
        for frame in range(3)
    )
    once = sorted(
        (units, round(weight, 9)) for units, weight, _ in paths_of(counted_once(graph, 5), 3)
    )
    assert once == expected and expected
    assert math.isfinite(sum(weight for _, weight in once))
