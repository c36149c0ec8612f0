"""`schatten init`: a folder that runs as a clone does, and is renewed without losing edits."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from project import ROOT
from typer.testing import CliRunner

from schatten.cli import app
from schatten.errors import UserError
from schatten.recipe import load
from schatten.runtime import project


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    assert project.init(tmp_path / "mine", with_tools=False) == []
    return tmp_path / "mine"


def test_a_folder_has_what_a_run_reads(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("Snakefile", "rules/train.smk", "arm/engine/schatten.h", "profiles/default"):
        assert (folder / name).exists()
    assert os.access(folder / "scripts/build_engine.sh", os.X_OK)
    assert not list(folder.rglob("__pycache__"))
    assert "results/" in (folder / ".gitignore").read_text().splitlines()
    monkeypatch.chdir(folder)
    assert load("own/mine").title == "My corpus"
    project.refuse_other_version()


def test_a_run_is_planned_in_it(folder: Path) -> None:
    done = subprocess.run(
        ["schatten", "run", "-n", "wer_tables", "--recipe", "voicesearch_like/smoke"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "would run corpus" in done.stdout and "would run engine" in done.stdout


def test_a_renewed_folder_keeps_what_was_edited(folder: Path) -> None:
    with pytest.raises(UserError, match="already: to renew it, add --update"):
        project.init(folder, with_tools=False)
    recipe, rule = folder / "recipes/voicesearch_like/smoke.yaml", folder / "rules/lm.smk"
    recipe.write_text("title: edited\n")
    (folder / "recipes/own/mine.yaml").write_text("title: mine\n")
    rule.unlink()
    note = folder / ".schatten.json"
    note.write_text(json.dumps({**json.loads(note.read_text()), "version": "0.0.1"}))
    with pytest.raises(UserError, match=r"schatten 0\.0\.1, but .*schatten init --update"):
        project.refuse_other_version(folder)
    assert project.init(folder, update=True, with_tools=False) == [
        f"{recipe} was edited: kept as it is"
    ]
    project.refuse_other_version(folder)
    assert rule.is_file() and recipe.read_text() == "title: edited\n"
    assert (folder / "recipes/own/mine.yaml").read_text() == "title: mine\n"
    again = project.init(folder, update=True, with_tools=False)
    assert again == [f"{recipe} was edited: kept as it is"], "it is still the user's"


def test_a_folder_with_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(UserError, match="is not empty and no project folder"):
        project.init(tmp_path, with_tools=False)
    (tmp_path / ".schatten.json").write_text("{")
    with pytest.raises(UserError, match="is damaged"):
        project.init(tmp_path, update=True, with_tools=False)


def test_tools_that_the_source_has_are_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in an image: nothing is built, and nothing is fetched."""
    home = tmp_path / "installed"
    project.init(home, with_tools=False)
    for name, script in project._TOOLS.items():
        (home / ".tools" / name).mkdir(parents=True)
        (home / ".tools" / name / "made").write_text(name)
        (home / "scripts" / script).write_text(
            '#!/bin/sh\ncd "$(dirname "$0")/.." && ls .tools >>said\n'
        )
    monkeypatch.setattr(project, "source", lambda: home)
    project.init(tmp_path / "mine")
    assert (tmp_path / "mine/.tools/kenlm/made").read_text() == "kenlm"
    assert (tmp_path / "mine/said").read_text() == "kenlm\nkenlm\nminiaudio\n", "before each script"


def test_the_snakefile_is_the_packages() -> None:
    printed = CliRunner().invoke(app, ["snakefile"])
    assert printed.output == f"{ROOT / 'Snakefile'}\n"


def test_the_wheel_and_init_take_the_same_parts() -> None:
    assert f"PARTS = {project.PARTS!r}".replace("'", '"') in (ROOT / "setup.py").read_text()
