"""A grid through the workflow, on the data of the smoke recipe: the best go on, all are drawn."""

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from project import Project

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("workflow")]


def grid(penalties: tuple[str, ...]) -> dict[str, Any]:
    """A recipe of a small grid, with so many penalties."""
    return {
        "extends": "smoke",
        "title": "A grid of very small models",
        "models": {"small": {"gru": [16, 16], "fully_connected": 16}},
        "trainings": {"default": {"epochs": 1}},
        "systems": {"dense": {"precisions": None}, "l2": None, "trace_norm": None},
        "language_models": {"characters": None},
        "grids": {
            "lambda": {
                "model": "small",
                "penalties": {
                    name: {"lambda_rec": [0.001, 0.1], "lambda_nonrec": [0.01]}
                    for name in penalties
                },
                "best": {"count": 1, "seeds": [1, 2]},
            }
        },
        "tables": {"bootstrap_samples": 50, "bundles": False},
    }


@pytest.mark.parametrize(
    "penalties", [("l2",), pytest.param(("l2", "trace_norm"), marks=pytest.mark.nightly)]
)
def test_the_best_points_go_on_and_all_are_drawn(done: Project, penalties: tuple[str, ...]) -> None:
    """Slow, with four trainings or seven: nothing else in the tests runs a choice."""
    recipe = done.recipe.with_name("grid.yaml")
    recipe.write_text(yaml.safe_dump(grid(penalties)))
    home = done.path / "results/voicesearch_like/grid"
    command = ("run", "wer_tables", str(home.relative_to(done.path) / "tables/grid.png"))
    options = ("--recipe", "voicesearch_like/grid")
    status, planned = done.run("schatten", *command, *options, "-n")
    assert status == 0, planned
    assert planned.count("would run train ") == 1 + 2 * len(penalties), (
        "a dry run ends with the choice"
    )
    status, output = done.run("schatten", *command, *options)
    assert status == 0, output
    chosen = [
        p["system"]
        for p in json.loads((home / "choice/lambda.json").read_text())["points"]
        if p["chosen"]
    ]
    assert len(chosen) == len(penalties)
    assert trained(home) == {"dense/seed1"} | {
        f"lambda_{penalty}_rec{rec}_nonrec0.01/seed1"
        for penalty in penalties
        for rec in ("0.001", "0.1")
    } | {f"{system}/seed2" for system in chosen}
    with (home / "tables/wer.csv").open() as file:
        assert {row["system"] for row in csv.DictReader(file)} == {"dense", *chosen}
    with (home / "tables/grid.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 2 * len(penalties)
    assert done.run("schatten", *command, *options)[1].startswith("nothing to do")
    recipe.unlink()
    shutil.rmtree(home)


def trained(home: Path) -> set[str]:
    return {str(path.parents[1].relative_to(home / "am")) for path in home.glob("am/**/model.pt")}
