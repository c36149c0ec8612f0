from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
from lhotse import CutSet
from small_corpora import ROWS, make_recipe, write_audio, write_table

from schatten.corpus import make
from schatten.corpus.report import lines
from schatten.corpus.tsv import read_table
from schatten.corpus.validate import validate
from schatten.errors import UserError
from schatten.recipe.corpus_sources import TsvCorpus
from schatten.runtime.file_names import Names
from schatten.runtime.files import read_json, read_lines

Corpus = Callable[..., Path]
SPLITS = ("train", "dev", "test")


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_table_becomes_cuts_and_text(tsv_corpus: Corpus, tmp_path: Path) -> None:
    folder = tsv_corpus()
    make(make_recipe(), folder, tmp_path / "data")
    cuts = CutSet.from_file(tmp_path / "data/train.cuts.jsonl.gz")
    assert [cut.id for cut in cuts] == ["anna1", "anna2"]
    assert [cut.supervisions[0].text for cut in cuts] == ["yes", "go on"]
    assert {cut.supervisions[0].speaker for cut in cuts} == {"anna"}
    assert read_lines(tmp_path / "data/text/dev.txt.gz") == ["it's no"]
    assert read_lines(tmp_path / "data/text/corpus.txt.gz") == ["yes", "go on"]


def test_audio_is_loaded_at_16_khz_from_any_folder(tsv_corpus: Corpus, tmp_path: Path) -> None:
    folder = tsv_corpus()
    write_audio(folder / "a/anna1.wav", 0.5, rate=48000)
    make(make_recipe(), folder, tmp_path / "data")
    moved = folder.rename(tmp_path / "moved")
    cuts = CutSet.from_file(tmp_path / "data/train.cuts.jsonl.gz")
    loaded = {cut.id: cut.load_audio() for cut in cuts.with_recording_path_prefix(moved)}
    assert {name: audio.shape for name, audio in loaded.items()} == {
        "anna1": (1, 8000),
        "anna2": (1, 16000),
    }
    samples, _ = soundfile.read(moved / "a/anna2.flac", dtype="float32")
    np.testing.assert_array_equal(loaded["anna2"][0], samples)


def test_any_number_of_jobs_writes_the_same_bytes(tsv_corpus: Corpus, tmp_path: Path) -> None:
    folder = tsv_corpus()
    for jobs in (1, 3):
        make(make_recipe(), folder, tmp_path / str(jobs), jobs)
    assert contents(tmp_path / "1") == contents(tmp_path / "3")
    assert b"/tmp" not in b"".join(contents(tmp_path / "1").values())


def test_text_files_join_the_training_transcripts(tsv_corpus: Corpus, tmp_path: Path) -> None:
    folder = tsv_corpus()
    (tmp_path / "books.txt").write_text("Call me Ishmael.\nIn 1851 a whale\n")
    recipe = make_recipe(corpus={"source": "tsv", "text_files": ["../books.txt"]})
    make(recipe, folder, tmp_path / "data")
    assert read_lines(tmp_path / "data/text/corpus.txt.gz") == ["yes", "go on", "call me ishmael"]
    assert read_json(tmp_path / "data/text/summary.json") == {
        "../books.txt": {"lines": 1, "left_out": 1, "words": 3}
    }


def test_other_names_of_columns_and_splits(tmp_path: Path) -> None:
    write_table(
        tmp_path,
        [
            {"file": f"{part}.wav", "what": "one", "utt": part, "part": part}
            for part in ("trn", "dev", "test", "unused")
        ],
        "lists/all.tsv",
    )
    corpus = TsvCorpus(
        source="tsv",
        manifest="lists/all.tsv",
        columns={"path": "file", "text": "what", "id": "utt", "split": "part"},
        split_names={"train": "trn"},
    )
    train, *rest = read_table(corpus, SPLITS, tmp_path)
    assert (train.split, train.audio, train.speaker) == ("train", "lists/trn.wav", "trn")
    assert [utterance.split for utterance in rest] == ["dev", "test"]


def test_windows_line_ends_and_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    lines = ["id\tpath\ttext\tsplit", *(f"{split}\tx.wav\tyes\t{split}" for split in SPLITS), ""]
    (tmp_path / "transcripts.tsv").write_bytes(("\ufeff" + "\r\n".join(lines)).encode())
    read = read_table(TsvCorpus(source="tsv"), SPLITS, tmp_path)
    assert [utterance.text for utterance in read] == ["yes"] * 3


@pytest.mark.parametrize("space", ["\u2028", "\x85", "\x0b", "\x1c"])
def test_line_ends_of_other_standards_do_not_end_a_row(
    tsv_corpus: Corpus, tmp_path: Path, space: str
) -> None:
    folder = tsv_corpus(anna2={"text": f"Go{space}on"})
    (folder / "more.txt").write_text(f"one{space}two\n")
    make(make_recipe(corpus={"source": "tsv", "text_files": ["more.txt"]}), folder, tmp_path / "d")
    cuts = CutSet.from_file(tmp_path / "d/train.cuts.jsonl.gz")
    assert [cut.supervisions[0].text for cut in cuts] == ["yes", "go on"]
    assert read_lines(tmp_path / "d/text/corpus.txt.gz") == ["yes", "go on", "one two"]


def test_recordings_named_in_the_other_form_are_found(tsv_corpus: Corpus, tmp_path: Path) -> None:
    folder = tsv_corpus(anna1={"path": "\u00e4/\u00f6.wav"}, anna2={"speaker": "a\u0308nna"})
    write_audio(folder / "a\u0308/o\u0308.wav")
    make(make_recipe(), folder, tmp_path / "data")
    first, second = CutSet.from_file(tmp_path / "data/train.cuts.jsonl.gz")
    assert first.recording.sources[0].source == "a\u0308/o\u0308.wav"
    assert second.supervisions[0].speaker == "\u00e4nna"


def test_a_name_that_two_files_have_in_other_forms_stays_missing(tmp_path: Path) -> None:
    for name in ("\u1e69", "s\u0323\u0307", "s\u0307\u0323"):
        assert Names(tmp_path).found(f"{name}.wav") == f"{name}.wav"
    (tmp_path / "s\u0323\u0307.wav").touch()
    assert Names(tmp_path).found("\u1e69.wav") == "s\u0323\u0307.wav"
    (tmp_path / "s\u0307\u0323.wav").touch()
    assert Names(tmp_path).found("\u1e69.wav") == "\u1e69.wav"


def test_what_is_dropped_from_text_is_reported(tsv_corpus: Corpus, tmp_path: Path) -> None:
    folder = tsv_corpus(anna2={"text": "Go [noise] on\u200b"})
    (folder / "more.txt").write_text("\ufeffone {laugh}\n<unk> two\n")
    recipe = make_recipe(corpus={"source": "tsv", "text_files": ["more.txt"]})
    make(recipe, folder, tmp_path / "data")
    assert read_lines(tmp_path / "data/text/corpus.txt.gz") == ["yes", "go on", "one"]
    notes = list(lines(validate(recipe, tmp_path / "data", folder), {}))
    assert "transcripts: 1 x [noise], dropped" in notes
    assert "text files: 1 x {laugh}, dropped" in notes
    for row in (folder / "transcripts.tsv",):
        row.write_text(row.read_text("utf-8").replace("[noise] on\u200b", "on"), "utf-8")
    (folder / "more.txt").write_text("one\n")
    make(recipe, folder, tmp_path / "data")
    assert not (tmp_path / "data/text/notes.json").exists()


def test_marks_that_nobody_listed_are_refused_by_name(tsv_corpus: Corpus, tmp_path: Path) -> None:
    folder = tsv_corpus(anna2={"text": "Go (( )) on [beep2]"}, bert1={"text": "a\u0007"})
    make(make_recipe(), folder, tmp_path / "data")
    with pytest.raises(UserError, match=r"anna2 \(\(\( \)\) \[beep2\]\)") as caught:
        validate(make_recipe(), tmp_path / "data", folder)
    assert "text.brackets: words" in str(caught.value)
    assert "bert1 (U+0007)" in str(caught.value)


def test_problems_of_recordings_come_in_one_list(tsv_corpus: Corpus, tmp_path: Path) -> None:
    folder = tsv_corpus()
    (folder / "a/anna1.wav").unlink()
    (folder / "a/anna2.flac").write_bytes(b"no audio")
    soundfile.write(folder / "b/bert1.wav", np.zeros((100, 2)), 16000)
    whole = (folder / "c/carl1.wav").read_bytes()
    (folder / "c/carl1.wav").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError) as caught:
        make(make_recipe(), folder, tmp_path / "data")
    message = str(caught.value)
    assert "1 x recordings are missing" in message and "a/anna1.wav" in message
    assert "2 x recordings cannot be read" in message and "a/anna2.flac" in message
    assert "c/carl1.wav (cut short: 15978 of 32000 bytes)" in message
    assert "1 x recordings have several channels" in message and "b/bert1.wav" in message
    assert not (tmp_path / "data").exists()


def test_ids_must_be_unique_and_without_white_space(tsv_corpus: Corpus, tmp_path: Path) -> None:
    folder = tsv_corpus(anna1={"id": "same"}, anna2={"id": "same"}, carl1={"id": "carl 1"})
    with pytest.raises(UserError, match=r"same \(2 times\)") as caught:
        make(make_recipe(), folder, tmp_path / "data")
    assert "'carl 1'" in str(caught.value)


def test_a_recording_of_another_length_than_the_table_says(tmp_path: Path) -> None:
    write_table(tmp_path, [{**row, "duration_s": "1.000"} for row in ROWS])
    for row in ROWS:
        write_audio(tmp_path / row["path"], 0.6 if row["id"] == "carl1" else 1.0)
    with pytest.raises(UserError, match=r"c/carl1\.wav \(0\.60 s, not 1\.00 s\)") as caught:
        make(make_recipe(), tmp_path, tmp_path / "data")
    assert "1 x" in str(caught.value)


def every(path: str, text: str, duration: str) -> str:
    """Return a table with one such line for each split."""
    rows = "".join(f"{split}\t{path}\t{text}\t{split}\t{duration}\n" for split in SPLITS)
    return f"id\tpath\ttext\tsplit\tduration\n{rows}"


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ("id\tpath\ttext\nx\tx.wav\tyes\n", "no column 'split' .it has id, path, text"),
        ("id\tpath\ttext\tsplit\nx\tx.wav\tyes\n", "line 2 has 3 columns and the header 4"),
        ("id\tpath\ttext\tsplit\nx\tx.wav\tyes\ttrain\n", "no line of split 'dev'"),
        ("", "is empty: write a header"),
        ("id,path,text,split\nx,x.wav,yes,train\n", "first line has no tab, write one between"),
        ("id\tpath\ttext\tsplit\tpath\n", "several columns 'path'"),
        ("id\tpath\ttext\tsplit\n\tx.wav\tyes\ttrain\n", "line 2 has no id"),
        ("id\tpath\ttext\tsplit\nx\t\tyes\ttrain\n", "line 2 has no path"),
        ("id\tpath\ttext\tsplit\nx\tx.wav\tyes\t \n", "line 2 has no split"),
        ("id\tpath\ttext\tsplit\nx\tx.wav\ty\0s\ttrain\n", "line 2 holds a NUL byte"),
        (every("x.wav", "yes", "nan"), "the duration 'nan'"),
        (every("x.wav", "yes", "-1"), "the duration '-1'"),
        (every("x.wav", "yes", ""), "the duration ''"),
        (every(f"{'x' * 5000}.wav", "yes", "1"), "File name too long"),
        (every("", "yes", "1"), "no path"),
        (every("x\x01.wav", "yes", "1").replace("train\t", "tr\x01\t", 1), "control characters"),
        (every("x.wav", "yes", "long"), "the duration 'long'"),
    ],
)
def test_wrong_tables_are_refused(tmp_path: Path, table: str, reason: str) -> None:
    (tmp_path / "transcripts.tsv").write_text(table)
    with pytest.raises(UserError, match=reason):
        make(make_recipe(), tmp_path, tmp_path / "data")


def test_two_splits_are_not_taken_from_one(tsv_corpus: Corpus, tmp_path: Path) -> None:
    names = {"dev": "test"}
    recipe = make_recipe(corpus={"source": "tsv", "split_names": names})
    with pytest.raises(UserError, match="takes dev and test from one split of the table, 'test'"):
        make(recipe, tsv_corpus(), tmp_path / "data")


@pytest.mark.parametrize("name", ["transcripts.tsv", "more.txt"])
def test_folders_and_binary_files_are_no_tables(
    tsv_corpus: Corpus, tmp_path: Path, name: str
) -> None:
    folder = tsv_corpus()
    (folder / "more.txt").write_text("one\n")
    recipe = make_recipe(corpus={"source": "tsv", "text_files": ["more.txt"]})
    path = folder / name
    for content, reason in (
        (b"PK\x03\x04\xff\xfe", "is not UTF-8 text"),
        (b"a\0b", "holds a NUL byte"),
        (None, "is a folder"),
    ):
        path.unlink()
        if content is None:
            path.mkdir()
        else:
            path.write_bytes(content)
        with pytest.raises(UserError, match=rf"{name}.* {reason}"):
            make(recipe, folder, tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_utterances_can_be_left_out(tsv_corpus: Corpus, tmp_path: Path) -> None:
    folder = tsv_corpus(anna1={"path": "nowhere.wav"})
    recipe = make_recipe(corpus={"source": "tsv", "leave_out": ["anna1"]})
    make(recipe, folder, tmp_path / "data")
    assert read_lines(tmp_path / "data/text/train.txt.gz") == ["go on"]
    with pytest.raises(UserError, match="names nobody"):
        make(make_recipe(corpus={"source": "tsv", "leave_out": ["nobody"]}), folder, tmp_path)


@pytest.mark.parametrize("folder", [None, Path("/nowhere")])
def test_the_corpus_folder_must_be_there(folder: Path | None, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="--corpus-dir"):
        make(make_recipe(), folder, tmp_path)
