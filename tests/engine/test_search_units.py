"""The engine, graphs and exact scores against all sentences, on drawn lexicons.

Their units have a separator or none. Words sound alike, begin one another, and have several
spellings.
"""

from pathlib import Path

import numpy as np
import pytest
from toy_decoding import log_probs
from toy_graphs import toy_graph
from toy_words import GRAMS, LETTERS, PHONES, ToyWords, draw, draw_values

from schatten.decode.engine_search import EngineSearch
from schatten.decode.exact import ExactScorer
from schatten.decode.weights import Weights
from schatten.decode.wfst.rescore import Rescorer
from schatten.decode.wfst.search import GraphDecoder
from schatten.recipe.decoding import Decoding, GraphSettings
from schatten.units import Units

WIDE = Decoding(beam=5000, beam_threshold=300.0, token_beam=10)
WIDE_GRAPH = GraphSettings(beam=1000, max_active=100000, lattice_beam=1000)
WEIGHTS = Weights(0.6, 1.5)
"""They favour sentences of several words."""
DRAWS = pytest.mark.parametrize(
    "draws",
    [range(20), pytest.param(range(20, 100), marks=pytest.mark.nightly)],
    ids=["few", "many"],
)
KINDS = pytest.mark.parametrize(
    "units", [PHONES, LETTERS, GRAMS], ids=["phones", "characters", "grams"]
)
ROUNDING = 0.02
"""Minimisation rounds the costs of a graph's arcs."""


@pytest.fixture
def program(build):
    return build("sanitize") / "bench/decode_logprobs"


def utterances(toy: ToyWords, seed: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng([1, seed])
    return {f"u{number}": draw_values(random, toy.units) for number in range(1)}


@DRAWS
@KINDS
def test_the_engine_finds_the_best_of_all_sentences(
    program, tmp_path, units: Units, draws: range
) -> None:
    for seed in draws:
        toy = draw(np.random.default_rng(seed), units)
        files = toy.write(tmp_path / str(seed))
        spoken = utterances(toy, seed)
        found = EngineSearch(program, *files, WIDE).decode(log_probs(spoken, units), WEIGHTS)
        scorer = ExactScorer(*files, units, WEIGHTS, "sum")
        for name, values in spoken.items():
            expected = toy.scores(values, WEIGHTS, np.logaddexp)
            best = max(expected, key=lambda words: expected[words])
            assert expected[tuple(found.words[name])] == pytest.approx(expected[best], abs=1e-4)
            assert scorer.score(values, best) == pytest.approx(expected[best], abs=1e-4)
            # Dropped histories that end as likelier ones do take a little with them.
            assert expected[best] - 0.02 < found.scores[name] < expected[best] + 1e-3


@DRAWS
@KINDS
def test_the_graph_finds_the_best_of_all_paths(tmp_path: Path, units: Units, draws: range) -> None:
    for seed in draws:
        toy = draw(np.random.default_rng(seed), units)
        lexicon, arpa = toy.write(tmp_path / str(seed))
        graph = toy_graph(tmp_path / str(seed) / "graph.fst", arpa, lexicon, units)
        decoder = GraphDecoder(graph, WIDE_GRAPH, WEIGHTS)
        scorer = ExactScorer(lexicon, arpa, units, WEIGHTS, "best")
        rescorer = Rescorer(arpa, graph.words, WEIGHTS)
        for values in utterances(toy, seed).values():
            expected = toy.scores(values, WEIGHTS, max)
            best = max(expected.values())
            words, score = decoder.best(values)
            assert scorer.score(values, words) == pytest.approx(expected[tuple(words)], abs=1e-4)
            assert score == pytest.approx(best, abs=ROUNDING)
            assert expected[tuple(words)] == pytest.approx(best, abs=ROUNDING)
            ranked = rescorer.nbest(decoder.lattice(values), 10)
            scores = sorted(expected.values(), reverse=True)[:10]
            assert [one.score for one in ranked] == pytest.approx(scores, abs=1e-3)
            assert [expected[tuple(one.words)] for one in ranked] == pytest.approx(scores, abs=1e-3)
