"""Graphs of tied phones against all sentences, on drawn lexicons and drawn ties."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from toy_words import PHONES, Labels, ToyWords, draw, draw_values

from schatten.decode.weights import Weights
from schatten.decode.wfst.context import with_ctc
from schatten.decode.wfst.graph import Graph, read_graph, read_symbols, topology, write_graph
from schatten.decode.wfst.rescore import Rescorer
from schatten.decode.wfst.search import GraphDecoder
from schatten.fst import from_kaldifst, fst_of, to_mutable
from schatten.lm.acceptor import acceptor
from schatten.recipe.decoding import GraphSettings
from schatten.units import BLANK, Units
from schatten.units.inventory import TIED
from schatten.units.spelled import SpelledUnits
from schatten.units.tying import Tying

WIDE = GraphSettings(beam=1000, max_active=100000, lattice_beam=1000)
WEIGHTS = Weights(0.6, 1.5)
"""They favour sentences of several words."""
UNITS = Units(TIED, (BLANK, "AA.1", "AA.2", "B.1", "B.2", "K"), None)
OF_PHONE = {1: (1, 2), 2: (3, 4), 3: (5,)}
ROUNDING = 0.02
"""Minimisation rounds the costs of a graph's arcs, twice for tied phones."""


@dataclass(frozen=True)
class TiedToy(ToyWords):
    """A toy whose sentences are written in tied phones."""

    tying: Tying

    def _joined(self, way: list[Labels]) -> Labels:
        return tuple(self.tying.labels(super()._joined(way)))


def draw_tied(seed: int) -> tuple[ToyWords, TiedToy]:
    """Draw a toy over phones, and the same over units that depend on both neighbours."""
    random = np.random.default_rng(seed)
    toy = draw(random, PHONES)
    table = np.zeros((len(PHONES),) * 3, np.int64)
    for phone, units in OF_PHONE.items():
        table[:, phone] = random.choice(units, size=(len(PHONES),) * 2)
    return toy, TiedToy(UNITS, toy.spellings, toy.ngrams, Tying(PHONES, table))


def tied_graph(folder: Path, toy: ToyWords, tying: Tying) -> tuple[Graph, Path]:
    lexicon, arpa = toy.write(folder)
    symbols = read_symbols(lexicon, PHONES)
    grammar = acceptor(arpa, symbols.word_labels, symbols.back_off_word)
    write_graph(folder / "graph.fst", symbols, grammar, SpelledUnits(UNITS, {}, None, tying))
    return read_graph(folder / "graph.fst"), arpa


@pytest.mark.parametrize(
    "draws", [range(15), pytest.param(range(15, 80), marks=pytest.mark.nightly)]
)
def test_the_graph_finds_the_best_of_all_sentences(tmp_path: Path, draws: range) -> None:
    several = 0
    for seed in draws:
        toy, tied = draw_tied(seed)
        graph, arpa = tied_graph(tmp_path / str(seed), toy, tied.tying)
        assert graph.units == UNITS
        values = draw_values(np.random.default_rng([1, seed]), UNITS)
        expected = tied.scores(values, WEIGHTS, max)
        decoder = GraphDecoder(graph, WIDE, WEIGHTS)
        words, score = decoder.best(values)
        assert score == pytest.approx(max(expected.values()), abs=ROUNDING)
        assert expected[tuple(words)] == pytest.approx(score, abs=ROUNDING)
        several += len(words) > 1
        found = Rescorer(arpa, graph.words, WEIGHTS).nbest(decoder.lattice(values), 10)
        ranked = sorted(expected.values(), reverse=True)[: len(found)]
        assert [one.score for one in found] == pytest.approx(ranked, abs=1e-3)
    assert several > len(draws) / 3, "contexts reach over the ends of words only between words"


def test_a_context_over_the_end_of_a_word_decides(tmp_path: Path) -> None:
    """B is another unit before K: only `x` follows `w` where that one was heard."""
    toy, _ = draw_tied(0)
    spellings = {"w": [(1, 2)], "x": [(3,)], "y": [(1,)]}
    table = np.zeros((4, 4, 4), np.int64)
    table[:, 1], table[:, 2], table[:, 3] = 1, 3, 5
    table[:, 2, 3] = 4
    tying = Tying(PHONES, table)
    toy = ToyWords(PHONES, spellings, toy.ngrams)
    graph, _ = tied_graph(tmp_path, toy, tying)

    def decoded(*units: int) -> list[str]:
        values = np.full((len(units), len(UNITS)), -30.0, np.float32)
        values[range(len(units)), units] = 0.0
        return GraphDecoder(graph, WIDE, Weights(0.01, 0.0)).best(values)[0]

    assert decoded(1, 4, 5) == ["w", "x"]
    assert decoded(1, 3, 1) == ["w", "y"]
    assert decoded(1, 3) == ["w"]
    assert decoded(1, 3, 0, 0, 1, 4, 4, 5) == ["w", "w", "x"]


@pytest.mark.parametrize("seed", range(5))
def test_the_topology_made_directly_is_the_composed_one(seed: int) -> None:
    import kaldifst

    random = np.random.default_rng(seed)
    states, arcs, units = 6, 30, 4
    source = random.integers(0, states, arcs)
    labels = random.integers(0, units, arcs)
    labels[labels > 0] += 1
    # Arcs that read nothing lead onwards alone, as back-off arcs do.
    target = np.where(labels, random.integers(0, states, arcs), np.minimum(source + 1, states - 1))
    labels[(labels == 0) & (source == target)] = 2
    final = np.where(random.random(states) < 0.4, random.random(states), np.inf)
    columns = source, target, labels, random.integers(0, 3, arcs)
    graph = fst_of(0, final, columns, random.random(arcs))
    read, ctc = to_mutable(graph), to_mutable(topology(units))
    kaldifst.arcsort(read, "ilabel")
    kaldifst.arcsort(ctc, "olabel")
    composed = from_kaldifst(kaldifst.compose(ctc, read))
    direct = to_mutable(with_ctc(graph, units))
    kaldifst.connect(direct)
    made = from_kaldifst(direct)
    for frames in range(5):
        for _ in range(20):
            path = random.integers(1, units + 1, frames)
            assert costs(made, path) == pytest.approx(costs(composed, path))


def costs(fst, path) -> float:
    """Return the least cost of a path of labels, by dynamic programming over states."""

    def without_reading(reached):
        for _ in range(fst.states + 1):
            for arc in np.flatnonzero(fst.ilabel == 0):
                cost = reached[fst.source[arc]] + fst.cost[arc]
                reached[fst.target[arc]] = min(reached[fst.target[arc]], cost)
        return reached

    reached = np.full(fst.states, np.inf)
    reached[fst.start] = 0.0
    reached = without_reading(reached)
    for label in path:
        after = np.full(fst.states, np.inf)
        for arc in np.flatnonzero(fst.ilabel == label):
            cost = reached[fst.source[arc]] + fst.cost[arc]
            after[fst.target[arc]] = min(after[fst.target[arc]], cost)
        reached = without_reading(after)
    return float((reached + fst.final).min())
