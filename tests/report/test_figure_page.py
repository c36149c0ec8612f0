"""docs/how_to/add_a_figure.md: its figure is drawn, and its points are those that it shows."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest
from matplotlib.image import imread
from project import ROOT

from schatten.recipe.figures import FIGURES, FigureKind, page
from schatten.report import figures
from schatten.report.collect import Experiment

PAGE = (ROOT / "docs/how_to/add_a_figure.md").read_text()
FILE = ROOT / "examples/training_time.py"
KIND = "training_time"


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


@pytest.fixture
def added(monkeypatch: pytest.MonkeyPatch) -> FigureKind:
    """The kind of the page, as if its module and its entry were part of schatten."""
    name = f"schatten.report.figures.{KIND}"
    spec = importlib.util.spec_from_file_location(name, FILE)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setitem(sys.modules, name, module)
    entry = blocks("python")[0].split("...\n")[1].rsplit("}", 1)[0]
    made = eval(f"{{{entry}}}", {"FigureKind": FigureKind, "_never": lambda recipe: None})
    monkeypatch.setitem(FIGURES, KIND, made[KIND])
    return FIGURES[KIND]


def test_the_figure_of_the_page_is_drawn(
    added: FigureKind, experiment: Experiment, tmp_path: Path
) -> None:
    picture = tmp_path / f"{KIND}.png"
    points = figures.write(experiment, KIND, picture).read_text().splitlines()
    assert imread(picture).std() > 0.05, "something is drawn"
    shown = blocks("")[0].splitlines()[2:]
    assert len(shown) == 5 and points[:5] == shown
    assert len(points) == 1 + len(experiment.results("test"))
    assert f"## {KIND}: {added.title}\n\n![{added.title}]({KIND}.png)" in page(experiment.recipe)


def test_minutes_are_those_of_all_trainings_of_a_model(
    added: FigureKind, experiment: Experiment, tmp_path: Path
) -> None:
    table = figures.write(experiment, KIND, tmp_path / f"{KIND}.svg").read_text()
    rows = [line.split(",") for line in table.splitlines()[1:]]
    minutes = {(system, rank, seed): float(value) for system, rank, seed, value, _ in rows}
    assert minutes["l2", "whole", "1"] == 12 * 10 / 60
    assert minutes["l2", "tau0.60@e12", "1"] == round((12 + 4) * 10 / 60, 4)
    assert minutes["trace", "tau0.60@e6", "2"] == round((6 + 4) * 10 / 60, 4)


def test_the_page_shows_the_whole_file() -> None:
    assert FILE.read_text() in blocks("python")
    assert len(FILE.read_text().splitlines()) <= 80
