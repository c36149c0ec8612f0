"""Witten-Bell: by hand, and properties on any text."""

import math

import pytest
from reference import contexts, load, total

from schatten.errors import UserError
from schatten.lm.build import build_to
from schatten.lm.witten_bell import estimate
from schatten.recipe.language_models import LanguageModel, Prune
from schatten.units.spelled import SpelledUnits

ALPHABET = "abcdefghijklmnopqrstuvwxyz'"


def test_probabilities_and_weights_are_what_the_hand_finds(tmp_path):
    (tmp_path / "text").write_text("a b\na\n\n")
    estimate(tmp_path / "text", 2, tmp_path / "arpa")
    model = load(tmp_path / "arpa")
    # Five tokens: a twice, b once, </s> twice; three types, and four words share the rest.
    a, b = (2 + 3 / 4) / 8, (1 + 3 / 4) / 8
    assert 10 ** model[("a",)][0] == pytest.approx(a, rel=1e-6)
    assert 10 ** model[("<unk>",)][0] == pytest.approx(3 / 4 / 8, rel=1e-6)
    # After a, twice: b once, </s> once.
    assert 10 ** model[("a", "b")][0] == pytest.approx((1 + 2 * b) / (2 + 2), rel=1e-6)
    assert 10 ** model[("a",)][1] == pytest.approx(2 / (2 + 2), rel=1e-6)
    assert 10 ** model[("<s>", "a")][0] == pytest.approx((2 + 1 * a) / (2 + 1), rel=1e-6)
    assert set(model) == {
        *[("<s>",), ("</s>",), ("<unk>",), ("a",), ("b",)],
        *[("<s>", "a"), ("a", "b"), ("a", "</s>"), ("b", "</s>")],
    }


def test_every_history_sums_to_one(text, tmp_path):
    estimate(text, 3, tmp_path / "arpa")
    model = load(tmp_path / "arpa")
    assert len(contexts(model)) > 30
    assert all(total(model, h) == pytest.approx(1, abs=1e-6) for h in [(), *contexts(model)])


def test_a_single_word_history_is_as_likely_as_it_is_frequent(text, sentences, tmp_path):
    estimate(text, 1, tmp_path / "arpa")
    model = load(tmp_path / "arpa")
    tokens = [word for line in sentences for word in line.split()]
    share = tokens.count("the") / (len(tokens) + len(sentences))
    assert model[("the",)][0] == pytest.approx(math.log10(share), abs=0.02)


def test_an_empty_text_is_refused(tmp_path):
    (tmp_path / "text").write_text("\n\n")
    with pytest.raises(UserError, match="text is empty"):
        estimate(tmp_path / "text", 2, tmp_path / "arpa")


def test_a_recipe_can_ask_for_it(kenlm_programs, text, tmp_path):
    kept = {}
    for history in ("own", "witten_bell"):
        settings = LanguageModel(
            order=3, discount_fallback=True, prune=Prune(ngrams=80, history=history)
        )
        output = tmp_path / history
        spelled = SpelledUnits.of_characters(ALPHABET)
        build_to(settings, spelled=spelled, text=text, output=output, dev=None, memory_mb=100)
        names = sorted(path.name for path in output.iterdir())
        assert names == ["arpa.gz", "bin", "info.json", "lexicon"]
        kept[history] = (output / "arpa.gz").read_bytes()
    assert kept["own"] != kept["witten_bell"]
