"""Every recipe has a row in tests/recipes.csv, and keeps its bounds."""

import csv
import os
from pathlib import Path

import pytest
import yaml
from project import ROOT, Project
from recipe_rows import HOW, NAMES, ROWS, check_a_third, check_bounds, initial_models, row_of, rows

from schatten import recipe as recipes
from schatten.workflow import DEFAULT_RECIPE

PLANNED = ("voicesearch_like/quick", "an4/default", "own/default", "librispeech/compressed")
"""One recipe for each corpus; test_golden.py plans them all, but without their recordings."""


def test_every_recipe_has_its_row() -> None:
    there = sorted(f"{path.parent.name}/{path.stem}" for path in ROOT.glob("recipes/*/*.yaml"))
    assert sorted(NAMES) == there
    assert all(row["how"] in HOW for row in ROWS)


@pytest.mark.parametrize("recipe", NAMES)
def test_a_recipe_is_valid(recipe: str) -> None:
    assert recipes.load(str(ROOT / "recipes" / f"{recipe}.yaml")).title


@pytest.mark.parametrize(
    "recipe",
    [
        pytest.param(name, marks=[] if name in PLANNED else pytest.mark.nightly)
        for name in rows("whole", "night", "default", "ci", "plan")
    ],
)
def test_a_recipe_can_be_planned(
    project: Project, request: pytest.FixtureRequest, recipe: str
) -> None:
    corpus = row_of(recipe)["corpus"]
    option = ["--corpus-dir", str(corpus_folder(request, corpus))] if corpus else []
    for initial in initial_models(recipes.load(recipe)):
        (project.path / initial).parent.mkdir(parents=True, exist_ok=True)
        (project.path / initial).write_text("a model of another recipe")
    status, output = project.run("schatten", "run", "wer_tables", "--recipe", recipe, "-n", *option)
    assert status == 0, output
    assert "would run train" in output
    assert f"would run table {recipe}/tables/wer.md" in output


def corpus_folder(request: pytest.FixtureRequest, name: str) -> Path:
    folder: Path = request.getfixturevalue("corpora") / name
    if not folder.is_dir():
        pytest.skip(f"no {folder}")
    return folder


@pytest.mark.skipif(
    "SCHATTEN_TEST_DEFAULT" not in os.environ, reason="make test-default runs the recipe for it"
)
def test_the_default_recipe_keeps_its_goals() -> None:
    """Its results lie in the clone itself, where `make wer_tables` has just run it."""
    check_bounds(row_of(DEFAULT_RECIPE), ROOT / "results")
    tables = ROOT / "results" / DEFAULT_RECIPE / "tables"
    check_a_third(tables, margin=1.5)
    with (tables / "engine.csv").open() as file:
        assert {line["precision"] for line in csv.DictReader(file)} == {"int8"}


@pytest.mark.workflow
@pytest.mark.xdist_group("workflow")
@pytest.mark.skipif(
    "SCHATTEN_TEST_TINY" not in os.environ, reason="takes minutes: set SCHATTEN_TEST_TINY=1"
)
@pytest.mark.parametrize("recipe", rows("ci"))
def test_the_baseline_of_a_long_recipe_keeps_its_bounds(project: Project, recipe: str) -> None:
    """The baseline alone: the other systems take an hour of CPU time."""
    path = project.path / "recipes" / f"{recipe}.yaml"
    content = yaml.safe_load(path.read_text())
    baseline = recipes.load(str(path)).tables.baseline
    content["systems"] = {baseline: content["systems"][baseline]}
    path.write_text(yaml.safe_dump(content))
    status, output = project.run("schatten", "run", "wer_tables", "--recipe", recipe)
    assert status == 0, output
    check_bounds(row_of(recipe), project.path / "results")
