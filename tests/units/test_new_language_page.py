"""docs/how_to/new_language.md: its recipes load, and its command prints what it shows."""

import re
import shutil
from pathlib import Path

import pytest
from project import ROOT
from typer.testing import CliRunner

from schatten import recipe as recipes
from schatten.cli import app
from schatten.runtime.files import write_text

PAGE = (ROOT / "docs/how_to/new_language.md").read_text("utf-8")
RECIPE, VOICES = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
TRAINING = "wie spät ist es\nes ist drei uhr\nschalte das licht im wohnzimmer aus\n"
MORE = "mach die tür zu\n"


def test_the_command_prints_and_writes_what_the_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "recipes/own", "recipes/own")
    Path("recipes/own/german.yaml").write_text(RECIPE, "utf-8")
    write_text("train.txt", TRAINING)
    write_text("more.txt", MORE)
    found = re.search(r"^\$ schatten (units .*)\n(.*\n)```$", PAGE, re.MULTILINE)
    assert found is not None
    result = CliRunner().invoke(app, found[1].split(), catch_exceptions=False)
    assert result.output == found[2]
    (shown,) = re.findall(r"^```tsv\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert Path("units/phones/words.phones.tsv").read_text("utf-8") == shown


def test_a_grammar_is_spoken_by_voices_of_the_language(tmp_path: Path) -> None:
    folder = tmp_path / "recipes/commands"
    shutil.copytree(ROOT / "recipes/commands", folder)
    (folder / "licht.grammar").write_text("query = licht <an_aus>\nan_aus = an | aus\n", "utf-8")
    corpus = VOICES.replace("corpus:\n", "corpus:\n  grammar: licht.grammar\n")
    further = "title: Licht\ncommands: {published: null, recordings: null}\n"
    (folder / "licht.yaml").write_text(f"extends: coffee\n{further}{corpus}", "utf-8")
    loaded = recipes.load(str(folder / "licht.yaml"))
    assert all(loaded.corpus.spoken[name].accents == ("de",) for name in ("train", "dev", "test"))
