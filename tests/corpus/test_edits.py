"""Edits while a corpus is made: what was planned or read is not what is there now."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from small_corpora import make_recipe, write_audio
from typer.testing import CliRunner

from schatten.cli import app
from schatten.corpus import make, recorded, tsv
from schatten.corpus.fingerprint import fingerprint
from schatten.corpus.voicesearch import assemble
from schatten.errors import UserError
from schatten.runtime import seals

Corpus = Callable[..., Path]
RECIPE = make_recipe(corpus={"source": "tsv", "text_files": ["more.txt"]})


@pytest.fixture
def folder(tsv_corpus: Corpus) -> Path:
    folder = tsv_corpus()
    (folder / "more.txt").write_text("one\n")
    return folder


def edited_by(monkeypatch: pytest.MonkeyPatch, edit: Callable[[], object], late: bool) -> None:
    """Have an edit happen in the corpus step: after its table was read, or at its very end."""
    module, name = (recorded, "write_lm_text") if late else (tsv, "read_table")
    real = getattr(module, name)

    def edited(*values: object, **named: object) -> object:
        found = real(*values, **named)
        edit()
        return found

    monkeypatch.setattr(module, name, edited)


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("name", ["transcripts.tsv", "more.txt"])
def test_an_edit_while_the_corpus_is_made_is_refused(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, late: bool
) -> None:
    path = folder / name
    edited_by(monkeypatch, lambda: path.write_text(path.read_text() + "\n"), late)
    with pytest.raises(UserError, match=rf"{name} was edited while .* run again"):
        make(RECIPE, folder, tmp_path / "data")
    assert [found for found in (tmp_path / "data").rglob("*") if found.is_file()] == []
    monkeypatch.undo()
    make(RECIPE, folder, tmp_path / "data")
    assert (tmp_path / "data/train.cuts.jsonl.gz").is_file()


def test_a_table_that_goes_while_it_is_read_is_refused(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edited_by(monkeypatch, (folder / "transcripts.tsv").unlink, late=True)
    with pytest.raises(UserError, match=r"the corpus in .* was edited while"):
        make(RECIPE, folder, tmp_path / "data")
    assert not (tmp_path / "data/train.cuts.jsonl.gz").exists()


def test_an_edit_since_the_run_was_planned_is_refused(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(Path(__file__).parents[2] / "recipes/own", "recipes/own")
    from schatten.recipe import load

    key = fingerprint(load("own/default"), folder)
    call = ["corpus", "--recipe", "own/default", "--corpus-dir", str(folder), "--output", "data"]
    assert CliRunner().invoke(app, [*call, "--data-key", key]).exception is None
    table = folder / "transcripts.tsv"
    table.write_text(table.read_text().replace("Yes.", "No."))
    shutil.rmtree("data")
    result = CliRunner().invoke(app, [*call, "--data-key", key])
    assert isinstance(result.exception, UserError)
    assert f"after the run was planned, with data key {key}" in str(result.exception)
    assert not Path("data").exists()


def test_an_edit_of_recorded_noise_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise, data = write_audio(tmp_path / "noise/a.wav"), tmp_path / "data"
    corpus = {
        "source": "voicesearch_like",
        "noise": {"kinds": ["recording"], "directory": str(noise.parent)},
    }

    def speak(recipe: object, output: Path, *_: int) -> None:
        for name in ("audio/train/one.flac", "text/corpus.txt.gz", "dev.conditions.jsonl.gz"):
            write_audio(output / name.replace(".gz", ".flac"))
        seals.wrote(output / "text")
        write_audio(noise, 2.0)

    monkeypatch.setattr(assemble, "make", speak)
    with pytest.raises(UserError, match="noise was edited while"):
        make(make_recipe(corpus=corpus), None, data)
    assert not (data / "audio").exists()
    assert not (data / "text").exists()
