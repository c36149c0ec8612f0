"""State graphs: their paths one by one, the shortest, and what states they share."""

import itertools
from collections import Counter

import numpy as np
import pytest
from toy_state_graphs import draw_words, expected_paths, frames_needed

from schatten.units.graph import (
    START,
    GraphBuilder,
    Spelling,
    StateGraph,
    linear,
    pronunciations,
    segmentations,
)


def paths(graph: StateGraph, frames: int) -> Counter[tuple[int, ...]]:
    """Return the units of all paths over some frames, walked arc by arc."""
    ending = [(final, ()) for final in graph.finals.tolist()]
    for _ in range(frames):
        ending = [
            (int(source), (int(graph.units[state]), *units))
            for state, units in ending
            if state != START
            for source in graph.sources[graph.offsets[state] : graph.offsets[state + 1]]
        ]
    return Counter(units for state, units in ending if state == START)


@pytest.mark.parametrize("seed", range(30))
def test_the_paths_are_those_that_write_the_words(seed: int) -> None:
    words = draw_words(np.random.default_rng(seed), 3)
    graph = pronunciations(words)
    counts = [paths(graph, frames) for frames in range(7)]
    assert counts == [expected_paths(words, frames, 3) for frames in range(7)]
    assert frames_needed(graph) == next((n for n, some in enumerate(counts) if some), 7) or (
        frames_needed(graph) >= 7 and not any(counts)
    )


def test_labels_in_a_row_alternate_with_blanks() -> None:
    graph = linear([2, 2, 1])
    assert graph.units.tolist() == [0, 2, 0, 2, 0, 1, 0]
    assert graph.finals.tolist() == [5, 6]
    assert frames_needed(graph) == 4
    assert graph.table().tolist() == [
        [7, 0, 8],
        [7, 0, 1],
        [1, 2, 8],
        [2, 3, 8],
        [3, 4, 8],
        [3, 4, 5],
        [5, 6, 8],
    ]
    assert paths(graph, 6) == expected_paths([((2, 2, 1),)], 6, 3)


def test_no_words_are_silence_or_nothing() -> None:
    graph = linear([])
    assert (graph.units.tolist(), graph.finals.tolist()) == ([0], [START, 0])
    assert frames_needed(graph) == 0
    assert paths(graph, 2) == Counter([(0, 0)])


def test_spellings_share_what_they_begin_and_end_with() -> None:
    one_vowel_differs = [((1, 2, 3, 4), (1, 2, 5, 4))]
    assert len(pronunciations(one_vowel_differs)) == len(linear([1, 2, 3, 4])) + 1
    twice = [((1, 2), (1, 2))]
    assert pronunciations(twice).units.tolist() == linear([1, 2]).units.tolist()


def test_the_shortest_path_chooses_spellings_together() -> None:
    assert frames_needed(pronunciations([((1, 2), (2, 1)), ((2, 1), (1, 1))])) == 4
    assert frames_needed(pronunciations([((1, 2), (1,)), ((1,), (1, 2))])) == 3


def test_a_repeated_unit_may_have_blanks_within() -> None:
    builder = GraphBuilder()
    ends = builder.add_repeated(1, [START])
    graph = builder.graph(ends)
    assert set(paths(graph, 3)) == {(1, 1, 1), (1, 1, 0), (1, 0, 1), (1, 0, 0)}
    assert frames_needed(graph) == 1


@pytest.mark.parametrize("spellings", [(), ((),), ((1,), ())])
def test_a_word_without_units_is_refused(spellings: tuple[Spelling, ...]) -> None:
    with pytest.raises(ValueError, match="a word needs spellings"):
        pronunciations([spellings])


def test_a_graph_without_an_end_is_refused() -> None:
    builder = GraphBuilder()
    unreached = builder.add(1, [])
    with pytest.raises(ValueError, match="no final state"):
        _ = frames_needed(builder.graph([unreached]))


GRAM_SETS = {
    "abab": {(1,): 1, (2,): 2, (1, 1): 3, (1, 2): 4, (2, 1): 5, (1, 2, 1): 6},
    "without ba": {(1,): 1, (2,): 2, (1, 2): 3, (2, 2, 2): 4},
    "letters alone": {(1,): 1, (2,): 2},
}
"""Units by the letters a (1) and b (2) that they stand for."""


@pytest.mark.parametrize("letters", [(1, 2, 1, 2), (1, 1, 1), (2, 2, 2), (2, 1, 1, 2), (1,), ()])
@pytest.mark.parametrize("grams", GRAM_SETS.values(), ids=GRAM_SETS)
def test_every_segmentation_of_a_text_into_grams_counts(
    letters: Spelling, grams: dict[Spelling, int]
) -> None:
    graph = segmentations(letters, grams)
    written = {unit: spelled for spelled, unit in grams.items()}
    units = len(grams) + 1
    for frames in range(6):
        expected: Counter[tuple[int, ...]] = Counter()
        for path in itertools.product(range(units), repeat=frames):
            merged = (unit for unit, _ in itertools.groupby(path) if unit)
            if tuple(letter for unit in merged for letter in written[unit]) == letters:
                expected[path] += 1
        assert paths(graph, frames) == expected


def test_letters_alone_are_labels_in_a_row() -> None:
    letters = (1, 1, 2, 1)
    graph, row = segmentations(letters, {(1,): 1, (2,): 2}), linear(letters)
    assert graph.units.tolist() == row.units.tolist()
    assert graph.table().tolist() == row.table().tolist()
