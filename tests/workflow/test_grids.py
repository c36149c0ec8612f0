"""A grid through the workflow, on the data of the smoke recipe: the best go on, all are drawn."""

import csv
import json
from pathlib import Path

import pytest
import yaml
from project import Project

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("workflow")]

GRID = {
    "extends": "smoke",
    "title": "A grid of very small models",
    "models": {"small": {"gru": [16, 16], "fully_connected": 16}},
    "trainings": {"default": {"epochs": 1}},
    "systems": {"l2": None, "trace_norm": None},
    "language_models": {"characters": None},
    "grids": {
        "lambda": {
            "model": "small",
            "penalties": {
                name: {"lambda_rec": [0.001, 0.1], "lambda_nonrec": [0.01]}
                for name in ("l2", "trace_norm")
            },
            "best": {"count": 1, "seeds": [1, 2]},
        }
    },
    "tables": {"bootstrap_samples": 50},
}


def test_the_best_points_go_on_and_all_are_drawn(done: Project) -> None:
    """Slow, with seven trainings and some sixty steps: nothing else in the tests runs a choice."""
    recipe = done.recipe.with_name("grid.yaml")
    recipe.write_text(yaml.safe_dump(GRID))
    home = done.path / "results/voicesearch_like/grid"
    command = ("run", "wer_tables", str(home.relative_to(done.path) / "tables/grid.png"))
    options = ("--recipe", "voicesearch_like/grid")
    status, planned = done.run("schatten", *command, *options, "-n")
    assert status == 0, planned
    assert planned.count("would run train ") == 5, "a dry run ends with the choice"
    status, output = done.run("schatten", *command, *options)
    assert status == 0, output
    chosen = [
        p["system"]
        for p in json.loads((home / "choice/lambda.json").read_text())["points"]
        if p["chosen"]
    ]
    assert len(chosen) == 2
    assert trained(home) == {"dense/seed1"} | {
        f"lambda_{penalty}_rec{rec}_nonrec0.01/seed1"
        for penalty in ("l2", "trace_norm")
        for rec in ("0.001", "0.1")
    } | {f"{system}/seed2" for system in chosen}
    with (home / "tables/wer.csv").open() as file:
        assert {row["system"] for row in csv.DictReader(file)} == {"dense", *chosen}
    with (home / "tables/grid.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 4
    assert done.run("schatten", *command, *options)[1].startswith("nothing to do")
    recipe.unlink()


def trained(home: Path) -> set[str]:
    return {str(path.parents[1].relative_to(home / "am")) for path in home.glob("am/**/model.pt")}
