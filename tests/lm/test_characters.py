"""N-grams of characters: built from the spelled text, measured on it, beside all known words."""

import pytest
from pydantic import ValidationError
from typer.testing import CliRunner

from schatten.cli.lm import app
from schatten.lm import arpa
from schatten.lm.build import build_to
from schatten.recipe.language_models import LanguageModel, Prune
from schatten.runtime.files import read_json
from schatten.units.spelled import SpelledUnits
from schatten.units.tokens import as_tokens

ALPHABET = "abcdefghijklmnopqrstuvwxyz'"
WISH = Prune(ngrams=150, history="witten_bell")
SETTINGS = LanguageModel(decoder="open", order=4, prune=WISH, quantize_bits=8)


@pytest.fixture(scope="module")
def built(kenlm_programs, text, tmp_path_factory):
    output = tmp_path_factory.mktemp("characters")
    spelled = SpelledUnits.of_characters(ALPHABET)
    build_to(SETTINGS, spelled=spelled, text=text, output=output, dev=text, memory_mb=100)
    return output


def test_a_sentence_is_spelled_with_a_space_after_each_word():
    assert as_tokens(" call  jon ") == "c a l l <space> j o n <space>"
    assert as_tokens("") == ""


def test_its_words_are_the_characters(built, sentences):
    letters = set("".join(sentences)) - {" "}
    assert set(arpa.words(built / "arpa.gz")) == letters | {"<space>", "<s>", "</s>", "<unk>"}
    info = read_json(built / "info.json")
    assert info["dev"]["tokens"] == sum(len(line) + 2 for line in sentences)
    assert info["dev"]["oovs"] == 0
    assert sum(info["ngrams"]) <= 150 < sum(info["ngrams_before_pruning"])
    assert sorted(p.name for p in built.iterdir()) == ["arpa.gz", "bin", "info.json", "lexicon"]


def test_its_lexicon_holds_the_words_of_its_text(built, sentences):
    lines = (built / "lexicon").read_text().splitlines()
    assert {line.split("\t")[0] for line in lines} == set(" ".join(sentences).split())


def test_a_spelled_text_is_measured_by_the_verb(built, text, tmp_path):
    run = CliRunner().invoke
    spelled, output = str(tmp_path / "dev.gz"), str(tmp_path / "dev.json")
    assert run(app, ["spell", "--text", str(text), "--output", spelled]).exit_code == 0
    measure = ["perplexity", "--lm", str(built / "bin"), "--text", spelled, "--output", output]
    assert run(app, measure).exit_code == 0
    assert read_json(output) == read_json(built / "info.json")["dev"]


def test_characters_have_no_vocabulary_to_limit():
    with pytest.raises(ValidationError, match="decoder `open` has no words to limit"):
        LanguageModel(decoder="open", vocabulary=100)
