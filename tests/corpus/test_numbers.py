"""Numbers and signs as words, and what a recipe has to say for it."""

import sys

import pytest

from schatten.corpus.numbers import SpokenNumbers
from schatten.corpus.text import Normaliser
from schatten.errors import UserError
from schatten.recipe import Recipe
from schatten.recipe.corpus import Text

SIGNS = {"%": "percent", "$": "dollars", "€": "euros", "&": "and"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("call 3 people", "call three people"),
        ("3 % of 1,234", "three percent of one thousand two hundred and thirty four"),
        ("$5.50 & €7", "five point five dollars and seven euros"),
        ("in 1984, or 2024", "in nineteen eighty four or two thousand and twenty four"),
        ("the 2nd and the 21st", "the second and the twenty first"),
        ("at 10:30", "at ten thirty"),
        ("agent 007", "agent zero zero seven"),
        ("version 1.2.3", "version one two three"),
        ("B52s", "b fifty two s"),
        ("1,984 songs", "one thousand nine hundred and eighty four songs"),
        ("0123456789012345", "zero one two three four five six seven eight nine zero one two three"
         " four five"),
        ("no number", "no number"),
    ],
)  # fmt: skip
def test_english_numbers_are_spelled(text: str, words: str) -> None:
    pytest.importorskip("num2words")
    assert Normaliser(Text(numbers="en", signs=SIGNS))(text) == words


def test_other_languages_have_a_decimal_comma() -> None:
    pytest.importorskip("num2words")
    german = SpokenNumbers("de", {})
    assert german("2,5 von 1.000").split() == ["zwei", "Komma", "fünf", "von", "eintausend"]
    assert SpokenNumbers("en-us", {})("7") == " seven "
    with pytest.raises(UserError, match="has no language 'xx'; it has"):
        SpokenNumbers("xx", {})


def test_signs_need_no_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "num2words", None)
    assert Normaliser(Text(signs=SIGNS))("5 & 6%") == "5 and 6 percent"
    with pytest.raises(UserError, match=r"num2words is missing.*setup\.sh numbers"):
        Normaliser(Text(numbers="en"))
    with pytest.raises(ValueError, match="holds an empty sign"):
        Text(signs={" ": "space"})


def test_data_of_older_recipes_keep_their_names() -> None:
    assert {"numbers", "signs"}.isdisjoint(Text().model_dump(mode="json"))
    assert Text(numbers="en").model_dump(mode="json")["numbers"] == "en"
    assert Recipe.model_fields["text"].default == Text()
