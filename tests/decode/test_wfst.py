import itertools
import math
from pathlib import Path

import numpy as np
import pytest
from toy_decoding import UNITS, WORDS, acoustic_scores, clear_values, lm_score, random_values
from toy_graphs import toy_graph

from schatten.decode.weights import Weights
from schatten.decode.wfst.graph import Graph, read_graph, read_symbols, topology
from schatten.decode.wfst.rescore import Rescorer
from schatten.decode.wfst.search import GraphDecoder
from schatten.errors import UserError
from schatten.recipe.decoding import GraphSettings
from schatten.units import BLANK, Units, characters

WIDE = GraphSettings(beam=1000, max_active=100000, lattice_beam=1000)
ALL_WEIGHTS = [Weights(0.0, 0.0), Weights(0.7, -1.5), Weights(1.5, 2.0)]
ROUNDING = 0.02
"""Minimisation rounds each arc's cost to the nearest 1/1024."""


@pytest.fixture
def graph(tmp_path: Path, arpa: Path, lexicon: Path) -> Graph:
    return toy_graph(tmp_path / "graph.fst", arpa, lexicon)


def total_scores(values: np.ndarray, weights: Weights) -> dict[tuple[str, ...], float]:
    """Score of every sentence over the lexicon, by its best CTC path, by brute force."""
    return {
        words: score + weights.lm_weight * lm_score(words) + weights.word_bonus * len(words)
        for words, score in acoustic_scores(values, max).items()
        if set(words) <= set(WORDS)
    }


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("weights", ALL_WEIGHTS)
def test_finds_the_best_of_all_paths(seed: int, weights: Weights, graph: Graph) -> None:
    values = random_values(np.random.default_rng(seed), frames=6)
    expected = total_scores(values, weights)
    words, score = GraphDecoder(graph, WIDE, weights).best(values)
    assert score == pytest.approx(max(expected.values()), abs=ROUNDING)
    assert expected[tuple(words)] == pytest.approx(score, abs=ROUNDING)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("weights", ALL_WEIGHTS)
def test_the_best_hypotheses_are_all_different_and_exactly_scored(
    seed: int, weights: Weights, graph: Graph, arpa: Path
) -> None:
    values = random_values(np.random.default_rng(seed), frames=5)
    expected = total_scores(values, weights)
    lattice = GraphDecoder(graph, WIDE, weights).lattice(values)
    found = Rescorer(arpa, graph.words, weights).nbest(lattice, 20)
    ranked = sorted(expected.values(), reverse=True)[:20]
    assert [hypothesis.score for hypothesis in found] == pytest.approx(ranked, abs=1e-4)
    assert len({tuple(hypothesis.words) for hypothesis in found}) == len(found)
    for hypothesis in found:
        assert expected[tuple(hypothesis.words)] == pytest.approx(hypothesis.score, abs=1e-4)


def test_rescoring_takes_the_small_model_out(tmp_path: Path, graph: Graph, lexicon: Path) -> None:
    large = tmp_path / "large.arpa"
    unigrams = "".join(f"-1.0\t{word}\t0\n" for word in (*WORDS, "</s>", "<unk>"))
    large.write_text(
        "\\data\\\nngram 1=8\nngram 2=1\n\n\\1-grams:\n-99\t<s>\t0\n"
        f"{unigrams}\n\\2-grams:\n-0.001\t<s> cab\n\n\\end\\\n"
    )
    weights = Weights(1.0, 0.0)
    values = random_values(np.random.default_rng(5), frames=6)
    acoustic = acoustic_scores(values, max)
    expected = {
        words: acoustic[words] - math.log(10.0) * (len(words) + 1 - 0.999 * (words[:1] == ("cab",)))
        for words in acoustic
        if set(words) <= set(WORDS)
    }
    lattice = GraphDecoder(graph, WIDE, weights).lattice(values)
    (best,) = Rescorer(large, graph.words, weights).nbest(lattice, 1)
    assert best.score == pytest.approx(max(expected.values()), abs=1e-4)
    assert expected[tuple(best.words)] == pytest.approx(best.score, abs=1e-4)


def test_last_word_needs_no_space_and_spaces_are_free(graph: Graph) -> None:
    decoder = GraphDecoder(graph, GraphSettings(), Weights(0.5, 0.0))
    assert decoder.words(clear_values("ba a ab")) == ["ba", "a", "ab"]
    assert decoder.words(clear_values("  ba  a ab ")) == ["ba", "a", "ab"]
    assert decoder.words(clear_values("abb")) == ["abb"]


def test_no_frames_and_impossible_units(graph: Graph, arpa: Path) -> None:
    rescorer = Rescorer(arpa, graph.words, Weights(0.5, 0.0))
    for decoder in (
        GraphDecoder(graph, GraphSettings(), Weights(0.5, 0.0)),
        GraphDecoder(graph, GraphSettings(), Weights(0.5, 0.0), rescorer),
    ):
        assert decoder.words(np.empty((0, len(UNITS)), dtype=np.float32)) == []
        values = np.full((3, len(UNITS)), -math.inf, dtype=np.float32)
        values[range(3), [UNITS.index[letter] for letter in "cab"]] = 0.0
        assert decoder.words(values) == ["cab"]


def test_words_of_one_spelling_are_told_apart_by_the_model(tmp_path: Path, arpa: Path) -> None:
    lexicon = tmp_path / "lexicon"
    lexicon.write_text("a\tc\nba\tc\ncab\tc\nab\ta\nab\tb b\n")
    graph = toy_graph(tmp_path / "graph.fst", arpa, lexicon)
    decoder = GraphDecoder(graph, WIDE, Weights(1.0, 0.0))
    assert decoder.words(clear_values("c")) == ["ba"]  # <s> ba is the likeliest
    assert decoder.words(clear_values("a c")) == ["ab", "a"]
    assert decoder.words(clear_values("bb c")) == ["ab", "a"]


def test_topology_reads_every_path_once_and_collapses_it() -> None:
    fst = topology(3)
    for path in itertools.product(range(3), repeat=4):
        state, written = 0, []
        for unit in path:
            arcs = np.flatnonzero((fst.source == state) & (fst.ilabel == unit + 1))
            assert len(arcs) == 1
            state = int(fst.target[arcs[0]])
            written += [int(fst.olabel[arcs[0]]) - 1] * int(fst.olabel[arcs[0]] > 0)
        collapsed = [unit for unit, _ in itertools.groupby(path) if unit]
        assert written == collapsed


def test_the_same_inputs_give_the_same_bytes(tmp_path: Path, arpa: Path, lexicon: Path) -> None:
    toy_graph(tmp_path / "a.fst", arpa, lexicon)
    toy_graph(tmp_path / "b.fst", arpa, lexicon)
    assert (tmp_path / "a.fst").read_bytes() == (tmp_path / "b.fst").read_bytes()
    assert (tmp_path / "a.fst.json").read_bytes() == (tmp_path / "b.fst.json").read_bytes()


def test_a_graph_of_phones_is_refused_for_other_units(tmp_path: Path, arpa: Path) -> None:
    lexicon, path = tmp_path / "lexicon", tmp_path / "graph.fst"
    lexicon.write_text("a\tAA\nba\tB AA\n")
    phones = Units("phones", (BLANK, "AA", "B"), None)
    graph = toy_graph(path, arpa, lexicon, phones)
    graph.require_units(phones, path)
    for other in (
        Units("pieces", phones.names, None),
        Units("phones", phones.names, "B"),
        Units("phones", (BLANK, "B", "AA"), None),
    ):
        with pytest.raises(UserError, match="made for other units"):
            graph.require_units(other, path)


def test_files_that_do_not_fit_are_refused(tmp_path: Path, graph: Graph, arpa: Path) -> None:
    with pytest.raises(UserError, match=r"graph\.fst was made for other units"):
        graph.require_units(characters("abcd"), tmp_path / "graph.fst")
    with pytest.raises(UserError, match=r"none\.fst does not exist"):
        read_graph(tmp_path / "none.fst")
    names = tmp_path / "graph.fst.json"
    names.write_text('{"units": ["a"], "words": ["b"]}')
    with pytest.raises(UserError, match=r"graph\.fst\.json does not belong to"):
        read_graph(tmp_path / "graph.fst")
    names.write_text("[]")
    with pytest.raises(UserError, match=r"graph\.fst\.json names no units and words"):
        read_graph(tmp_path / "graph.fst")
    lexicon = tmp_path / "lexicon"
    lexicon.write_text("d\ta b\n")
    with pytest.raises(UserError, match="no word of the lexicon"):
        toy_graph(tmp_path / "empty.fst", arpa, lexicon)
    lexicon.write_text("ad\ta d\n")
    with pytest.raises(UserError, match="'ad' with d"):
        read_symbols(lexicon, UNITS)
