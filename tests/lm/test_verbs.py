"""The single verbs give the same files as `schatten lm build`."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from schatten.cli.lm import app
from schatten.errors import UserError
from schatten.runtime.files import read_json

DATA = Path(__file__).parent / "data"

RECIPE = """
title: A test
corpus: {source: tsv}
models:
  tiny: {type: deep_speech_2, convolutions: [{channels: 2, kernel: [3, 5]}], gru: [4],
         fully_connected: 4}
trainings: {default: {epochs: 1, batch_seconds: 10, learning_rate: 0.001}}
systems: {dense: {model: tiny}}
language_models:
  small:
    {order: 3, discount_fallback: true, prune: {ngrams: 100, history: witten_bell},
     quantize_bits: 8}
"""


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "recipe.yaml"
    path.write_text(RECIPE)
    return str(path)


def run(*arguments):
    return CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False).stdout


def test_steps_give_the_bytes_that_build_gives(kenlm_programs, recipe, text, tmp_path):
    named = ("--recipe", recipe, "--lm", "small", "--text", text)
    run("build", *named, "--output-dir", tmp_path / "built", "--dev", text)
    steps = tmp_path / "steps"
    run("estimate", *named, "--output", steps / "whole.gz")
    run("history", "--text", text, "--order", 2, "--output", steps / "history")
    wish = ("--ngrams", 100, "--history-lm", steps / "history")
    run("prune", "--arpa", steps / "whole.gz", "--output", steps / "arpa.gz", *wish)
    run("binarise", "--arpa", steps / "arpa.gz", "--output", steps / "bin", "--quantize-bits", 8)
    arpa = ("--recipe", recipe, "--arpa", steps / "arpa.gz")
    run("lexicon", *arpa, "--output", steps / "lexicon")
    for name in ("arpa.gz", "bin", "lexicon"):
        assert (steps / name).read_bytes() == (tmp_path / "built" / name).read_bytes(), name
    info = read_json(tmp_path / "built" / "info.json")
    assert sum(info["ngrams"]) <= 100 < sum(info["ngrams_before_pruning"])
    run("perplexity", "--lm", steps / "bin", "--text", text, "--output", steps / "dev.json")
    assert read_json(steps / "dev.json") == info["dev"]
    said = run("perplexity", "--lm", steps / "bin", "--text", text)
    assert f"tokens\t{info['dev']['tokens']}" in said


def test_a_model_that_the_recipe_lacks_is_refused(recipe, text, tmp_path):
    with pytest.raises(UserError, match="there is no language model 'large'; there are small"):
        run("estimate", "--recipe", recipe, "--lm", "large", "--text", text, "--output", tmp_path)
