from typing import Any

import pytest
from small_corpora import make_recipe

from schatten.corpus.text import Normaliser
from schatten.recipe.corpus import Text

NORMALISE = Normaliser(Text())


@pytest.mark.parametrize(
    ("raw", "normalised"),
    [
        ("  Hello,  World! ", "hello world"),
        ("It’s ‘fine’", "it's fine"),
        ("semi-colon; (brackets)", "semi colon brackets"),
        ("cafe\u0301", "café"),
        ("50%", "50%"),
        ("...", ""),
    ],
)
def test_sentences_come_out_normalised(raw: str, normalised: str) -> None:
    assert NORMALISE(raw) == normalised
    assert NORMALISE(normalised) == normalised


def test_foreign_characters_are_named() -> None:
    assert NORMALISE.foreign(NORMALISE("café for 5")) == "5é"
    assert NORMALISE.foreign("it's fine") == ""


def test_case_and_alphabet_follow_the_recipe() -> None:
    upper = Normaliser(Text(alphabet="ABCDEFGHIJKLMNOPQRSTUVWXYZÄ-", case="upper"))
    assert upper("bär-käse") == "BÄR-KÄSE"
    assert upper.foreign("BÄR'S") == "'"


def test_lines_are_cleaned_or_refused() -> None:
    assert list(NORMALISE.clean(["One.", "2 three", "  "])) == ["one", None, None]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ({"alphabet": "abc "}, "space"),
        ({"alphabet": "abca"}, "twice"),
        ({"alphabet": "ABC"}, "lower case"),
        ({"alphabet": "abcı"}, "text.language"),
        ({"alphabet": "abcı", "language": "turkish"}, "text.language"),
        ({"alphabet": "ABCİ", "case": "upper"}, r"U\+0130.*text.language"),
        ({"alphabet": "abcz\u0301"}, r"z and then U\+0301 COMBINING ACUTE ACCENT"),
        ({"alphabet": "ab\u200e"}, r"U\+200E LEFT-TO-RIGHT MARK"),
        ({"alphabet": "ab\x00"}, r"U\+0000"),
        ({"unspoken": [" "]}, "empty mark"),
    ],
)
def test_an_alphabet_that_cannot_work_is_refused(text: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        make_recipe(text=text)


def test_split_names_must_differ() -> None:
    with pytest.raises(ValueError, match="names of their own"):
        make_recipe(splits={"dev": "train"})
