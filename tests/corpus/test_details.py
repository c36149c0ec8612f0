"""What tables say of utterances beside their text: joined, written for test splits, refused."""

from collections.abc import Callable
from pathlib import Path

import pytest
from small_corpora import ROWS, make_recipe, write_audio, write_table

from schatten.corpus import make
from schatten.corpus.fingerprint import fingerprint
from schatten.errors import UserError
from schatten.runtime.files import read_jsonl

Corpus = Callable[..., Path]
RECIPE = make_recipe(corpus={"source": "tsv", "details": ["clips.tsv", "people.tsv"]})
CLIPS = [
    {"utt_id": "carl1", "device": "phone", "room": "-", "split": "test"},
    {"utt_id": "of another corpus", "device": "desk", "room": "hall", "split": "test"},
    {"utt_id": "anna1", "device": "desk", "room": "hall", "split": "train"},
]
PEOPLE = [{"speaker": "carl", "accent": "Scottish"}, {"speaker": "bert", "accent": ""}]


@pytest.fixture
def folder(tsv_corpus: Corpus) -> Path:
    folder = tsv_corpus()
    write_table(folder, CLIPS, "clips.tsv")
    write_table(folder, PEOPLE, "people.tsv")
    return folder


def test_details_of_utterances_and_speakers_are_joined(folder: Path, tmp_path: Path) -> None:
    make(RECIPE, folder, tmp_path)
    assert read_jsonl(tmp_path / "test.conditions.jsonl.gz") == [
        {"id": "carl1", "device": "phone", "accent": "Scottish"}
    ]
    assert not (tmp_path / "dev.conditions.jsonl.gz").exists(), "nothing is known of bert"
    assert not (tmp_path / "train.conditions.jsonl.gz").exists(), "nobody is tested on it"


def test_an_utterance_of_which_nothing_is_known_keeps_its_line(
    folder: Path, tmp_path: Path
) -> None:
    write_audio(folder / "d/dora1.wav")
    dora = {**ROWS[3], "id": "dora1", "path": "d/dora1.wav", "speaker": "dora"}
    write_table(folder, [*ROWS, dora])
    make(RECIPE, folder, tmp_path)
    [_, second] = read_jsonl(tmp_path / "test.conditions.jsonl.gz")
    assert second == {"id": "dora1"}


def test_the_fingerprint_covers_the_tables_and_only_where_there_are_some(folder: Path) -> None:
    without = fingerprint(make_recipe(), folder)
    before = fingerprint(RECIPE, folder)
    write_table(folder, [{"speaker": "carl", "accent": "Welsh"}], "people.tsv")
    assert fingerprint(RECIPE, folder) not in (before, without)
    assert fingerprint(make_recipe(), folder) == without


TWICE = [{"speaker": "carl", "accent": "Welsh"}, {"speaker": "carl", "accent": "Irish"}]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"name": "carl", "accent": "Welsh"}], "people.tsv has no column 'id' and no column"),
        ([{"speaker": "karl", "accent": "Welsh"}], "people.tsv names no speaker of the corpus"),
        ([{"id": "karl1", "accent": "Welsh"}], "people.tsv names no utterance of the corpus"),
        (TWICE, "people.tsv, line 3 is the second one about carl"),
        ([{"speaker": "carl", "device": "desk"}], "'device', which is known of carl1 already"),
    ],
)
def test_a_table_that_cannot_be_joined_is_refused(
    folder: Path, tmp_path: Path, rows: list[dict[str, str]], message: str
) -> None:
    write_table(folder, rows, "people.tsv")
    with pytest.raises(UserError, match=message):
        make(RECIPE, folder, tmp_path)
    assert list(tmp_path.glob("*.gz")) == []


def test_nothing_is_written_where_a_recording_cannot_be_read(folder: Path, tmp_path: Path) -> None:
    (folder / "c/carl1.wav").write_bytes(b"no sound")
    with pytest.raises(UserError, match="recordings cannot be read"):
        make(RECIPE, folder, tmp_path)
    assert list(tmp_path.glob("*.gz")) == []


def test_a_missing_table_and_a_column_twice_are_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "people.tsv").write_text("speaker\taccent\taccent\ncarl\tWelsh\tIrish\n")
    with pytest.raises(UserError, match="several columns 'accent'"):
        make(RECIPE, folder, tmp_path)
    (folder / "people.tsv").unlink()
    with pytest.raises(UserError, match=r"people\.tsv, which does not exist"):
        fingerprint(RECIPE, folder)
