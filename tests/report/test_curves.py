"""`schatten curves`: trainings of a recipe or folder, finished and under way, drawn and listed."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from project import ROOT, SMOKE
from typer.testing import CliRunner

from schatten.artifacts.training_state import NOTE, PROGRESS
from schatten.cli import app
from schatten.errors import UserError
from schatten.report.curves import curves_of
from schatten.report.curves_terminal import BARS, chart
from schatten.runtime import files


def epochs(count: int) -> list[dict[str, object]]:
    """Return records of epochs of 20 steps."""
    return [
        {
            "epoch": n,
            "steps": 20,
            "train_loss": 100 / n,
            "dev_loss": 120 / n,
            "dev_cer": 80 / n,
            "learning_rate": 0.003 / n,
            "matrices": {},
        }
        for n in range(1, count + 1)
    ]


def points(count: int) -> list[dict[str, float]]:
    """Return points of 10 steps, two an epoch."""
    return [
        {"step": 10 * n, "epoch": n / 2, "loss": 200 / n, "learning_rate": 0.001 * n}
        for n in range(1, count + 1)
    ]


def write_history(folder: Path, count: int, listed: Sequence[object]) -> None:
    history = {
        **{"system": "dense", "seed": 1, "stage": "stage1", "parameters": 1, "training_seconds": 1},
        **{"stored_parameters": {}, "epochs": epochs(count), "points": listed},
        **dict.fromkeys(("torch", "date", "commit", "host", "cpu"), "x"),
    }
    files.write_json(folder / "history.json", history)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder: two trainings, a truncation, and a training under way."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    (tmp_path / "recipes").symlink_to(ROOT / "recipes")
    am = tmp_path / "results" / SMOKE / "am"
    write_history(am / "dense/seed1/stage1", 4, points(8))
    write_history(am / "l2/seed1/stage1", 3, [])  # as earlier versions wrote it
    write_history(am / "l2/seed1/tau0.80/factored", 0, [])
    state = tmp_path / "state/0123456789abcdef"
    state.mkdir(parents=True)
    model = am / "trace_norm/seed1/stage1/model.pt"
    (state / NOTE).write_text(json.dumps({"output": str(model), "inputs": []}))
    far = {"planned": 9, "epochs": epochs(2), "points": points(5)}
    (state / PROGRESS).write_text(json.dumps(far))
    return tmp_path


def run(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["curves", *arguments])
    assert done.exception is None, done.output
    return done.output


def test_trainings_of_a_recipe_are_listed_with_small_curves(here: Path) -> None:
    lines = run(SMOKE).splitlines()
    assert lines[0].split("  ")[0] == "training" and max(map(len, lines)) <= 80
    rows = {line.split()[0]: line for line in lines[1:] if "/seed1" in line[:30]}
    assert list(rows) == [f"{name}/seed1/stage1" for name in ("dense", "l2", "trace_norm")]
    assert "2 of 9" in rows["trace_norm/seed1/stage1"], "it is under way"
    dense = rows["dense/seed1/stage1"]
    assert "25.00" in dense and "30.00" in dense and "20.00" in dense  # losses, error rate
    assert dense.count(BARS[-1]) >= 2 and dense.count(BARS[0]) >= 2
    assert run("results/voicesearch_like").count("smoke/am/") == 4, "a folder, and its hint"


def test_one_training_is_drawn(here: Path) -> None:
    said = run(SMOKE, "--only", "dense")
    assert "dense/seed1/stage1: 4 epochs, 80 steps" in said
    assert max(map(len, said.splitlines())) <= 80
    for title in ("loss of an utterance", "unit error rate", "learning rate"):
        assert title in said
    assert said.count("o") > 8 and "epochs" in said
    assert "steps" in run(SMOKE, "--only", "dense", "--steps").splitlines()[13]
    folder = str(here / "results" / SMOKE / "am/dense/seed1/stage1")
    assert run(folder).startswith("stage1: 4 epochs, 80 steps")
    assert run(f"{folder}/history.json") == run(folder)


def test_a_chart_has_its_values_where_they_belong() -> None:
    rows = chart([(0, 100), (4, 0)], [(4, 50)], width=29).splitlines()
    assert rows[0].startswith("    100 ┤") and rows[8].startswith("      0 ┤")
    assert rows[0][9] != " " and rows[8][28] != " ", "the line falls from the left to the right"
    assert rows[4][28] == "o", "the mark stands at half of the height"
    assert rows[-1].endswith("4")


def test_the_figure_has_its_numbers_beside_it(here: Path) -> None:
    said = run(SMOKE, "--output", "curves.png")
    assert said.splitlines()[-1] == "curves.png and curves.csv"
    assert (here / "curves.png").read_bytes().startswith(b"\x89PNG")
    rows = list(csv.DictReader((here / "curves.csv").read_text().splitlines()))
    dense = [row for row in rows if row["training"] == "dense/seed1/stage1"]
    assert [row["step"] for row in dense if row["of"] == "point"] == [
        str(10 * n) for n in range(1, 9)
    ]
    last = [row for row in dense if row["of"] == "epoch"][-1]
    assert (last["step"], last["train_loss"], last["dev_loss"]) == ("80", "25", "30")
    assert (last["error_rate"], last["learning_rate"]) == ("20", "0.00075")
    assert [row["of"] for row in rows if row["training"].startswith("l2")] == ["epoch"] * 3
    with pytest.raises(UserError, match=r"a figure ends in \.png"):
        CliRunner().invoke(app, ["curves", SMOKE, "--output", "a.gif"], catch_exceptions=False)


def test_what_is_not_there_is_said(here: Path) -> None:
    with pytest.raises(UserError, match="an4/default/am has no training yet"):
        curves_of("an4/default", (), Path("results"))
    with pytest.raises(UserError, match=r"has sparse in its name: there are dense/seed1/stage1, "):
        curves_of(SMOKE, ("sparse",), Path("results"))
    with pytest.raises(UserError, match="no/where"):
        curves_of("no/where", (), Path("results"))
