"""Words files that `schatten pronounce` writes for the engine."""

from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner

from schatten.artifacts import Inventory
from schatten.cli import app
from schatten.errors import UserError
from schatten.units import BLANK, Units, arpabet, pieces
from schatten.units.pronounce import Speller, words_file

ENGLISH = Speller(Units("phones", (BLANK, *arpabet.PHONES), None), "en-us")


def test_dictionary_and_rules_pronounce_words_and_phrases() -> None:
    text = words_file(["zoltan", "call kovacsky home", "read"], ENGLISH, {"call"}, 6.5)
    lines = [line.split("\t") for line in text.splitlines()]
    spelled: dict[str, list[str]] = {}
    for word, units, boost in lines:
        spelled.setdefault(word, []).append(units)
        alone = word in ("kovacsky", "home")
        assert boost == ("0" if alone else "6.5")
    assert spelled["zoltan"][0].startswith("Z ")
    assert set(spelled["read"]) == {"R EH D", "R IY D"}
    assert spelled["home"] == ["HH OW M"]
    assert spelled["call kovacsky home"] == [""]
    assert "call" not in spelled, "the lexicon spells it"


def test_a_word_of_the_lexicon_is_boosted_without_a_spelling() -> None:
    assert words_file(["call"], ENGLISH, {"call"}, None) == "call\t\t\n"


@pytest.mark.parametrize(
    ("entry", "boost", "message"),
    [("call", 60, "must be a number"), ("call", float("nan"), "must be"), ("a b", 0, "above 0")],
)
def test_a_boost_that_the_engine_refuses_is_refused(entry: str, boost: float, message: str) -> None:
    with pytest.raises(UserError, match=message):
        words_file([entry], ENGLISH, {"call", "a", "b"}, boost)


def test_pieces_are_those_of_training() -> None:
    learned = ("the", "theatre", "there", "other", "bother", "hat", "that", "at", "cat", "heat")
    words = Counter(dict.fromkeys(learned, 3))
    for count in (30, 34, 36):
        names, spelled = pieces.spell(words.keys() | {"tathe", "cheat"}, words, count)
        speller = Speller(Units("pieces", (BLANK, *names), None))
        for word, (one,) in spelled.items():
            assert speller.spell(word) == [one.units]


def test_characters_spell_themselves() -> None:
    speller = Speller.of_alphabet("abc")
    assert words_file(["cab", "cab ba"], speller, {"ba"}, 2) == "cab\tc a b\t2\ncab ba\t\t2\n"
    with pytest.raises(UserError, match="'zab' needs 'z', which is none of the model's characters"):
        words_file(["zab"], speller, set(), None)


def test_grams_are_spelled_by_their_letters() -> None:
    """The engine adds up all segmentations of these."""
    speller = Speller(Units("grams", (BLANK, " ", "a", "b", "c", "ab"), " "))
    assert words_file(["cab"], speller, set(), 2) == "cab\tc a b\t2\n"


@pytest.mark.parametrize(
    ("word", "message"), [("x1", "'x1' has no pronunciation"), ("a\u200bb", "cannot be seen")]
)
def test_words_that_cannot_be_said_are_named(word: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        words_file([word], ENGLISH, set(), None)


def test_phones_that_the_model_lacks_are_named() -> None:
    speller = Speller(Units("phones", (BLANK, "K", "AE"), None), "en-us")
    with pytest.raises(UserError, match="'cat' needs 'T', which is none of the model's phones"):
        speller.spell("cat")


def test_the_verb_writes_the_file(tmp_path: Path) -> None:
    phones = (BLANK, *arpabet.PHONES)
    Inventory(
        name="phones",
        kind="phones",
        names=list(phones),
        separator=None,
        language="en-us",
        words="words.tsv",
        words_sha256="",
        word_count=0,
        origins={},
    ).write(tmp_path / "inventory.json")
    output = tmp_path / "contacts.tsv"
    options = ["--units", str(tmp_path / "inventory.json"), "--output", str(output)]
    done = CliRunner().invoke(app, ["pronounce", "cat", *options], catch_exceptions=False)
    assert done.exit_code == 0
    assert output.read_text() == "cat\tK AE T\t\n"
