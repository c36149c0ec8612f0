"""k2's search of a graph beside kaldi-decoder's and all paths, by a Python that has k2."""

import importlib.util
import math
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from toy_decoding import (
    RECIPE,
    WORDS,
    acoustic_scores,
    clear_values,
    lm_score,
    log_probs,
    random_values,
)
from toy_graphs import toy_graph
from typer.testing import CliRunner

from schatten.cli.decode import app
from schatten.decode.logprobs import write_logprobs
from schatten.decode.weights import Weights
from schatten.decode.wfst import k2_search
from schatten.decode.wfst.search import GraphDecoder
from schatten.errors import UserError
from schatten.recipe.decoding import GraphSettings
from schatten.runtime.files import write_json

HERE = importlib.util.find_spec("k2") is not None
PYTHON = os.environ.get("SCHATTEN_K2_PYTHON", sys.executable if HERE else "")
WIDE = GraphSettings(beam=1000, max_active=100000, lattice_beam=1000)
with_k2 = pytest.mark.skipif(
    not PYTHON, reason="no k2: SCHATTEN_K2_PYTHON names no Python with it (docs/decoding.md)"
)


@with_k2
@pytest.mark.parametrize("weights", [Weights(0.0, 0.0), Weights(0.7, -1.5), Weights(1.5, 2.0)])
def test_finds_the_best_of_all_paths_as_kaldi_decoder_does(
    weights: Weights, tmp_path: Path, arpa: Path, lexicon: Path
) -> None:
    graph = toy_graph(tmp_path / "graph.fst", arpa, lexicon)
    values = {f"u{n}": random_values(np.random.default_rng(n), frames=4 + n % 4) for n in range(20)}
    values["nothing"] = random_values(np.random.default_rng(0), frames=0)
    found = k2_search.best(log_probs(values), graph, WIDE, weights, Path(PYTHON))
    assert found.pop("nothing") == ([], -math.inf)
    assert found.keys() == values.keys() - {"nothing"}
    one_by_one = GraphDecoder(graph, WIDE, weights)
    for name, (words, score) in found.items():
        expected = {
            said: acoustic + weights.lm_weight * lm_score(said) + weights.word_bonus * len(said)
            for said, acoustic in acoustic_scores(values[name], max).items()
            if set(said) <= set(WORDS)
        }
        assert score == pytest.approx(one_by_one.best(values[name])[1], abs=1e-3)
        assert score == pytest.approx(max(expected.values()), abs=0.02)
        assert expected[tuple(words)] == pytest.approx(score, abs=0.02)


@pytest.fixture
def folder(tmp_path: Path, arpa: Path, lexicon: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "toy.yaml").write_text(RECIPE)
    spoken = {"kim-1": clear_values("ba a ab"), "lee-1": clear_values("abb")}
    write_logprobs(tmp_path / "dev.npz", log_probs(spoken))
    toy_graph(tmp_path / "graph.fst", arpa, lexicon)
    write_json(tmp_path / "w.json", {"lm_weight": 0.5, "word_bonus": 0.0})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def decode(*arguments: str):
    files = ("--logprobs", "dev.npz", "--graph", "graph.fst", "--weights", "w.json")
    options = ("--recipe", "toy.yaml", "--decoder", "wfst", "--output", "hyp.txt")
    return CliRunner().invoke(app, ["decode", *options, *files, *arguments])


@with_k2
def test_decode_writes_its_words(folder: Path) -> None:
    result = decode("--k2", PYTHON)
    assert result.exit_code == 0, result.output
    assert "2 utterances, 1.2 s of audio" in result.output
    assert (folder / "hyp.txt").read_text() == "kim-1 ba a ab\nlee-1 abb\n"


def test_a_python_without_k2_is_named(folder: Path) -> None:
    assert isinstance(error := decode("--k2", "absent/python").exception, UserError)
    assert "absent/python cannot be run" in str(error)
    error = decode("--k2", "false").exception
    assert "false could not search by k2 (status 1): see docs/decoding.md" in str(error)
    assert not (folder / "hyp.txt").exists()
    assert "--k2 takes no --lm" in decode("--k2", "false", "--lm", "toy.arpa").output
