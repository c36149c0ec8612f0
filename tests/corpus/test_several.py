"""Several corpora as one: names, records, sizes, the fingerprint, and what is refused."""

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from lhotse import CutSet
from pydantic import ValidationError
from small_corpora import ROWS, make_recipe, write_audio, write_table

from schatten.corpus import make
from schatten.corpus.fingerprint import fingerprint
from schatten.corpus.report import lines
from schatten.corpus.validate import validate
from schatten.device.accept_split import grammar_of
from schatten.errors import UserError
from schatten.runtime.files import read_json, read_jsonl, read_lines

Corpus = Callable[..., Path]
MADE = {
    "source": "voicesearch_like",
    "grammar": "commands",
    "lm_sentences": 3,
    "train": {"utterances": 2, "accents": ["en-us"], "variants": ["m1"]},
    "noise": {"share": 0},
    "reverberation": {"share": 0},
}


def joined(**parts: Any) -> dict[str, Any]:
    return {"corpus": {"source": "several", "parts": parts}}


BOTH = joined(
    mine={"corpus": {"source": "tsv"}, "folder": "mine"},
    more={
        "corpus": {"source": "tsv", "text_files": ["lm.txt"]},
        "folder": "more",
        "splits": ["train"],
    },
    made={"corpus": MADE, "splits": ["train"]},
)


@pytest.fixture
def folder(tsv_corpus: Corpus, tmp_path: Path) -> Path:
    """Two tables in one folder, whose ids are partly the same."""
    root = tmp_path / "corpora"
    root.mkdir()
    tsv_corpus().rename(root / "mine")
    write_table(root / "more", [{**ROWS[0], "speaker": "dora", "text": "Wait"}])
    write_audio(root / "more/a/anna1.wav", 0.5)
    (root / "more/lm.txt").write_text("some more text\n")
    return root


def test_each_record_names_its_corpus(folder: Path, tmp_path: Path) -> None:
    recipe, data = make_recipe(**BOTH), tmp_path / "data"
    make(recipe, folder, data)
    rows = read_jsonl(data / "train.cuts.jsonl.gz")
    assert [row["id"] for row in rows] == [
        "made-train-000000",
        "made-train-000001",
        "mine-anna1",
        "mine-anna2",
        "more-anna1",
    ]
    assert [row["custom"]["corpus"] for row in rows] == ["made"] * 2 + ["mine"] * 2 + ["more"]
    cuts = CutSet.from_file(data / "train.cuts.jsonl.gz").with_recording_path_prefix(data)
    assert all(cut.load_audio().shape[1] == cut.num_samples for cut in cuts)
    assert [row["id"] for row in read_jsonl(data / "test.cuts.jsonl.gz")] == ["mine-carl1"]
    conditions = read_jsonl(data / "train.conditions.jsonl.gz")
    assert [row["id"] for row in conditions] == ["made-train-000000", "made-train-000001"]
    assert not (data / "test.conditions.jsonl.gz").exists()
    text = read_lines(data / "text/corpus.txt.gz")
    assert text[:4] == ["yes", "go on", "wait", "some more text"] and len(text) == 4 + 2 + 3
    assert set(read_json(data / "text/summary.json")) == {"more: lm.txt", "made: grammar"}


def test_a_part_may_keep_its_text_from_language_models(folder: Path, tmp_path: Path) -> None:
    parts = BOTH["corpus"]["parts"]
    silent = joined(**{**parts, "more": {**parts["more"], "text": False}})
    recipe, data = make_recipe(**silent), tmp_path / "data"
    make(recipe, folder, data)
    assert read_lines(data / "text/corpus.txt.gz")[:2] == ["yes", "go on"]
    assert "wait" not in read_lines(data / "text/corpus.txt.gz")
    assert "wait" in read_lines(data / "text/train.txt.gz")
    assert fingerprint(recipe, folder) != fingerprint(make_recipe(**BOTH), folder)


def test_the_report_gives_the_size_of_each(folder: Path, tmp_path: Path) -> None:
    recipe, data = make_recipe(**BOTH), tmp_path / "data"
    make(recipe, folder, data)
    report = validate(recipe, data, None)
    assert report.corpora is not None
    assert report.corpora["mine"]["train"].utterances == 2
    assert set(report.corpora["more"]) == {"train"}
    assert report.splits["train"].utterances == 5
    assert "corpus more: 0.00 h of train" in list(lines(report, {}, "train"))


def test_commands_are_of_the_part_that_speaks() -> None:
    several = make_recipe(**BOTH)
    alone = make_recipe(corpus=MADE)
    assert grammar_of(several).sentence(Random(3)) == grammar_of(alone).sentence(Random(3))
    with pytest.raises(UserError, match="commands need a corpus that speaks a grammar"):
        grammar_of(make_recipe(**joined(mine={"corpus": {"source": "tsv"}})))


def test_the_fingerprint_follows_every_part(folder: Path) -> None:
    recipe = make_recipe(**BOTH)
    before = fingerprint(recipe, folder)
    assert before == fingerprint(recipe, folder)
    write_table(folder / "more", [{**ROWS[0], "speaker": "dora", "text": "Wait there"}])
    assert fingerprint(recipe, folder) != before


def test_what_is_wrong_names_its_part(folder: Path, tmp_path: Path) -> None:
    recipe = make_recipe(**BOTH)
    with pytest.raises(UserError, match="reads real recordings: give the corpus's folder"):
        fingerprint(recipe, None)
    (folder / "more/a/anna1.wav").unlink()
    with pytest.raises(UserError, match=r"(?s)corpus.parts.more: .*recordings are missing"):
        make(recipe, folder, tmp_path / "data")


def test_one_speaker_in_train_and_test_is_refused(folder: Path, tmp_path: Path) -> None:
    write_table(folder / "more", [{**ROWS[0], "speaker": "carl", "text": "Wait"}])
    recipe, data = make_recipe(**BOTH), tmp_path / "data"
    make(recipe, folder, data)
    with pytest.raises(UserError, match=r"carl \(test, train\)"):
        validate(recipe, data, None)
    allowed = {"corpus": {**BOTH["corpus"], "shared_speakers": "allowed"}}
    validate(make_recipe(**allowed), data, None)


TSV = {"source": "tsv"}


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({}, "at least 1 item"),
        (
            {"a": {"corpus": TSV, "splits": ["trian"]}},
            "corpus.parts: a.splits: there is no split 'trian'; there are train, dev, test",
        ),
        ({"a": {"corpus": TSV, "splits": ["train"]}}, "no part has the split 'dev': add it to"),
        ({"a": {"corpus": MADE, "folder": "x"}}, "makes its own speech: remove the folder"),
    ],
)
def test_parts_that_make_no_sense_are_refused(parts: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        make_recipe(**joined(**parts))
