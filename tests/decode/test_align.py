"""Forced alignment against all paths, and the delay of spikes on made-up speech."""

import itertools

import numpy as np
import pytest
from toy_state_graphs import draw_words

from schatten.decode.align import best_states, spikes
from schatten.decode.triphones import DELAYS, _sections, _Utterance, measured_delay
from schatten.units.graph import START, StateGraph, linear, pronunciations


def paths_of(graph: StateGraph, frames: int) -> list[tuple[int, ...]]:
    """Return all paths of states, from all sequences of states that there are."""
    arcs = {
        (int(source), state)
        for state in range(len(graph))
        for source in graph.sources[graph.offsets[state] : graph.offsets[state + 1]]
    }
    return [
        path
        for path in itertools.product(range(len(graph)), repeat=frames)
        if all(pair in arcs for pair in itertools.pairwise((START, *path)))
        and path[-1] in graph.finals
    ]


@pytest.mark.parametrize("seed", range(20))
def test_the_alignment_is_the_best_of_all_paths(seed: int) -> None:
    random = np.random.default_rng(seed)
    graph = pronunciations([words[:1] for words in draw_words(random, 3, most=2)])
    frames = 4 if len(graph) > 8 else 5
    values = np.log(random.dirichlet(np.ones(3), frames)).astype(np.float32)
    found = best_states(values, graph)
    scores = {
        path: float(values[range(frames), graph.units[list(path)]].sum())
        for path in paths_of(graph, frames)
    }
    if not scores:
        assert found is None and spikes(values, graph) is None
        return
    assert found is not None and tuple(found.tolist()) in scores
    assert scores[tuple(found.tolist())] == pytest.approx(max(scores.values()))


def test_a_spike_is_the_likeliest_frame_of_its_unit() -> None:
    shares = [[8, 1, 1], [1, 6, 1], [1, 9, 1], [5, 4, 1], [1, 1, 8], [8, 1, 1], [1, 1, 8]]
    values = np.log(np.array(shares) / 10).astype(np.float32)
    found = spikes(values, linear([1, 2, 2]))
    assert found is not None
    assert [one.tolist() for one in found] == [[1, 2, 2], [2, 4, 6]]


def test_no_frame_and_no_path_have_no_spikes() -> None:
    assert spikes(np.zeros((0, 3), np.float32), linear([1])) is None
    assert spikes(np.zeros((2, 3), np.float32), linear([1, 1])) is None, "a blank is needed"


@pytest.mark.parametrize("late", [0, 5, 13, -4])
def test_the_delay_is_found_where_phones_differ_most(late: int) -> None:
    """Each phone has its own spectrum for nine frames; spikes come `late` after the middle."""
    random = np.random.default_rng(3)
    spectra = random.normal(scale=2.0, size=(6, 40))
    utterances = []
    for _ in range(20):
        phones = random.integers(1, 6, 15)
        frames = np.repeat(spectra[phones], 9, axis=0) + random.normal(scale=0.3, size=(135, 40))
        middle = np.arange(15) * 9 + 4
        utterances.append(_Utterance(phones, middle + late, _sections(frames.astype(np.float32))))
    assert late in DELAYS
    assert abs(measured_delay(utterances, 6) - late) <= 1
