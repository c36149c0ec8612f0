"""Units with the spellings of words: labels of texts, and files that hold both."""

from itertools import product
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schatten.errors import UserError
from schatten.runtime.files import read_json, sha256, write_json
from schatten.units import BLANK, Units
from schatten.units.spelled import Labels, SpelledUnits
from schatten.units.words import Spelling, write_words

PHONES = Units("phones", (BLANK, "A", "B", "C"), None)
WORDS = SpelledUnits(PHONES, {"aa": ((1, 1), (1, 2)), "b": ((2,), (3, 2)), "ca": ((3, 1),)})


def test_a_text_has_the_main_spellings_of_its_words() -> None:
    assert WORDS.labels("aa b  ca") == [1, 1, 2, 3, 1]
    assert WORDS.pronunciations("b ca") == [((2,), (3, 2)), ((3, 1),)]
    assert WORDS.labels("") == WORDS.shortest("") == WORDS.pronunciations("") == []


def test_characters_spell_themselves() -> None:
    letters = SpelledUnits.of_characters("ab")
    assert letters.labels("ab a") == letters.shortest("ab a") == [2, 3, 1, 2]
    assert letters.pronunciations("ab a") == [((2, 3),), ((2,),)]
    with pytest.raises(UserError, match="'c', which is none of the model's characters"):
        letters.labels("ac")


def test_the_shortest_spellings_are_those_of_the_fewest_frames() -> None:
    assert WORDS.shortest("aa") == [1, 2]
    assert WORDS.shortest("aa ca") == [1, 2, 3, 1]
    assert WORDS.shortest("ca b b") == [3, 1, 2, 2]


spellings = st.lists(
    st.lists(st.lists(st.integers(1, 3), min_size=1, max_size=3), min_size=1, max_size=3),
    min_size=1,
    max_size=4,
)


@given(spellings)
def test_no_choice_of_spellings_needs_fewer_frames(drawn: list[list[list[int]]]) -> None:
    words: dict[str, tuple[Labels, ...]] = {
        f"w{number}": tuple(map(tuple, spelled)) for number, spelled in enumerate(drawn)
    }
    found = SpelledUnits(PHONES, words).shortest(" ".join(words))
    texts = [[label for labels in chosen for label in labels] for chosen in product(*drawn)]
    assert found in texts
    assert PHONES.frames_needed(found) == min(map(PHONES.frames_needed, texts))


def write(folder: Path, **changes: object) -> Path:
    spelled = {"b": [Spelling(("B",), "cmudict"), Spelling(("C", "B"), "espeak")]}
    write_words(folder / "words.mine.tsv", spelled)
    stored = {
        **{"name": "mine", "kind": "phones", "names": list(PHONES.names), "separator": None},
        **{"language": "en", "words": "words.mine.tsv", "word_count": 1, "origins": {}},
        "words_sha256": sha256(folder / "words.mine.tsv"),
    }
    write_json(folder / "inventory.json", {**stored, **changes})
    return folder / "inventory.json"


def test_files_are_read_as_they_were_written(tmp_path: Path) -> None:
    found = SpelledUnits.read(write(tmp_path))
    assert (tmp_path / "words.mine.tsv").read_text() == "b\tB\tcmudict\nb\tC B\tespeak\n"
    assert found.units == PHONES
    assert found.spellings == {"b": ((2,), (3, 2))}
    with pytest.raises(UserError, match=r"words.mine.tsv does not spell 'zoo': make it again"):
        found.labels("b zoo")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"names": [BLANK, "A", "C"]}, r"words.mine.tsv, line 1 spells 'b' with 'B', which inv"),
        ({"names": ["A", "B", "C"]}, r"inventory.json is damaged \(the first unit must be"),
        ({"words": "words.other.tsv"}, r"words.other.tsv does not exist"),
        ({"names": 3}, r"inventory.json is not what this version"),
    ],
)
def test_damaged_files_are_refused(
    changes: dict[str, object], message: str, tmp_path: Path
) -> None:
    path = write(tmp_path, **changes)
    assert read_json(path)["name"] == "mine"
    with pytest.raises(UserError, match=message):
        SpelledUnits.read(path)


def test_spellings_that_were_edited_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path)
    (tmp_path / "words.mine.tsv").write_text("b\tA\tcmudict\n")
    with pytest.raises(UserError, match=r"words\.mine\.tsv is not the file that .* was made with"):
        SpelledUnits.read(path)
