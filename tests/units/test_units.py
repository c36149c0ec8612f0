"""Units: text to labels and back, spelling, and what files say of them."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schatten.errors import UserError
from schatten.units import BLANK, Units, characters, from_names, read_lexicon, read_spellings
from schatten.units.tokens import as_tokens, token_names

LETTERS = characters("ab'")
PHONES = Units("phones", (BLANK, "AH", "B"), None)


@given(st.lists(st.text("ab'", min_size=1)))
def test_decoding_undoes_encoding(words: list[str]) -> None:
    assert LETTERS.decode(LETTERS.encode(" ".join(words))) == words


def test_blanks_and_spaces_beyond_one_write_nothing() -> None:
    assert LETTERS.names == (BLANK, " ", "a", "b", "'")
    assert LETTERS.decode([1, 1, 0, 2, 0, 2, 1, 0, 1, 3, 1]) == ["aa", "b"]
    assert PHONES.decode([2, 0, 1, 1]) == ["B", "AH", "AH"]


def test_a_text_outside_the_alphabet_is_refused_by_its_character() -> None:
    with pytest.raises(UserError, match=r"'abc' has 'c', which is none of the model's characters"):
        LETTERS.encode("abc")


@pytest.mark.parametrize(
    ("text", "frames"), [("", 0), ("a b", 3), ("ab ba", 5), ("baab", 5), ("aaa", 5)]
)
def test_ctc_needs_a_frame_a_label_and_one_between_equals(text: str, frames: int) -> None:
    assert LETTERS.frames_needed(LETTERS.encode(text)) == frames


def test_words_are_spelled_without_the_space() -> None:
    assert LETTERS.spell("ab'a") == ["a", "b", "'", "a"]
    assert LETTERS.can_spell("ab'a")
    assert not LETTERS.can_spell("abc")
    assert not LETTERS.can_spell("a b")


def test_files_of_characters_store_the_names_alone() -> None:
    names = [BLANK, " ", "a", "b", "'"]
    assert LETTERS.stored() == names
    assert Units.from_stored(names) == from_names(names) == LETTERS
    assert Units.from_stored(PHONES.stored()) == PHONES


@pytest.mark.parametrize(
    ("names", "separator", "reason"),
    [
        (("a", "b"), None, "first unit must be '<blank>'"),
        ((BLANK, "a", "a"), None, "twice"),
        ((BLANK, "a"), " ", "separator ' ' is no unit"),
    ],
)
def test_wrong_inventories_are_refused(names: tuple, separator: str | None, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Units("pieces", names, separator)


@pytest.mark.parametrize("names", [[], [BLANK], [" ", BLANK, "a"], [BLANK, "a", " "]])
def test_names_alone_begin_with_the_blank_and_the_space(names: list[str]) -> None:
    with pytest.raises(ValueError, match="first units must be"):
        from_names(names)


def test_what_needs_a_space_is_refused_for_units_without_one() -> None:
    assert LETTERS.separator_index == 1
    with pytest.raises(UserError, match="phones have no separator"):
        _ = PHONES.separator_index
    with pytest.raises(UserError, match="cannot be searched with phones"):
        token_names(PHONES)


def test_n_grams_of_characters_have_a_token_for_the_space() -> None:
    assert token_names(LETTERS) == [BLANK, "<space>", "a", "b", "'"]
    assert set(as_tokens("ab b'").split()) <= set(token_names(LETTERS))


def test_a_lexicon_is_read_in_its_order_with_all_spellings(tmp_path: Path) -> None:
    path = tmp_path / "lexicon"
    path.write_text("ba\tb a\na\ta\nba\tb '\n")
    assert read_lexicon(path) == [("ba", ("b", "a")), ("a", ("a",)), ("ba", ("b", "'"))]
    assert read_spellings(path, LETTERS) == [("ba", (3, 2)), ("a", (2,)), ("ba", (3, 4))]
    with pytest.raises(UserError, match=r"lexicon spells 'ba' with a, b, which the acoustic model"):
        read_spellings(path, PHONES)


def test_units_need_no_torch_and_nothing_above_them() -> None:
    code = "import sys, schatten.units, schatten.units.tokens; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = run.stdout.split()
    packages = {name.split(".")[1] for name in loaded if name.startswith("schatten.")}
    assert packages <= {"units", "errors", "letters", "runtime"}
    assert "torch" not in loaded
