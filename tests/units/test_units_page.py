"""docs/how_to/choose_units.md: its recipe loads, and its command prints what it shows."""

import re
import shutil
from pathlib import Path

import pytest
from project import ROOT
from pydantic.fields import FieldInfo
from typer.testing import CliRunner

from schatten import recipe as recipes
from schatten.cli import app
from schatten.errors import UserError
from schatten.runtime.files import write_text

PAGE = (ROOT / "docs/how_to/choose_units.md").read_text("utf-8")
TRAINING = "good morning\nhow are you\nthe radiohead song\n"
MORE = "hello there\ngood evening anna\n"


def block(language: str) -> str:
    (found,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


def test_the_command_prints_and_writes_what_the_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "recipes/own", "recipes/own")
    Path("recipes/own/greetings.yaml").write_text(block("yaml"))
    write_text("train.txt", TRAINING)
    write_text("more.txt", MORE)
    found = re.search(r"^\$ schatten (units .*)\n(.*\n)```$", PAGE, re.MULTILINE)
    assert found is not None
    result = CliRunner().invoke(app, found[1].split(), catch_exceptions=False)
    assert result.output == found[2]
    assert Path("units/phones/words.phones.tsv").read_text("utf-8") == block("tsv")
    own = block("yaml").replace("phones}", "phones, lexicon: mine.tsv}")
    Path("recipes/own/greetings.yaml").write_text(own)
    line = next(row for row in block("tsv").splitlines() if row.startswith("radiohead"))
    write_text("recipes/own/mine.tsv", line.replace("EY", "EY1") + "\n")
    write_text("train.txt", TRAINING + "an mp3\n")
    with pytest.raises(UserError) as refusal:
        CliRunner().invoke(app, found[1].split(), catch_exceptions=False)
    assert f"\nschatten: {refusal.value}\n" in PAGE


def _shown(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    return "none" if field.default is None else str(field.default)


def test_the_tables_have_the_keys_and_defaults_of_the_settings() -> None:
    rows = set(re.findall(r"^\| `(\w+)` \| `?([\w.-]+)`? \|", PAGE, re.MULTILINE))
    fields = {
        (name, _shown(field))
        for kind in (recipes.units.Phones, recipes.units.Pieces, recipes.units.Tied)
        for name, field in kind.model_fields.items()
        if name != "type"
    }
    assert fields <= rows
