"""The rows of tests/recipes.csv: how each recipe is tried, and what must come out.

The column `how`: `whole` is run with every test, `night` every night; the `default` is run by
continuous integration, with `make test-default`; of `ci` the baseline is run every night (it takes
minutes); `plan` is planned if its corpus is installed (a run takes an hour or more); `load` is
checked against the schema, because its corpus is not available. WERs, in %, are those of the
baseline on the main test split: with the main language model, and greedy, where greedy text has
words.
"""

import csv
from pathlib import Path

from project import ROOT

from schatten import recipe as recipes

HOW = ("whole", "night", "default", "ci", "plan", "load")
with (ROOT / "tests/recipes.csv").open() as file:
    ROWS = list(csv.DictReader(file))
NAMES = [row["recipe"] for row in ROWS]


def row_of(recipe: str) -> dict[str, str]:
    return next(row for row in ROWS if row["recipe"] == recipe)


def rows(*how: str) -> list[str]:
    return [row["recipe"] for row in ROWS if row["how"] in how]


def initial_models(recipe: recipes.Recipe) -> list[Path]:
    """Return the models that a recipe's trainings begin with: runs of other recipes made them."""
    steps = (step for system in recipe.systems.values() for step in system.steps)
    return [one for step in steps if (one := getattr(step, "initial", None)) is not None]


def check_bounds(row: dict[str, str], results: Path) -> None:
    """Check the tables of a recipe that was run: files, and the baseline's word error rates."""
    tables = results / row["recipe"] / "tables"
    assert set(row["files"].split()) <= {path.name for path in tables.iterdir()}
    check_rates(row, tables)


def check_rates(row: dict[str, str], tables: Path) -> None:
    """Check the baseline's word error rates in the tables of a recipe."""
    recipe = recipes.load(str(ROOT / "recipes" / f"{row['recipe']}.yaml"))
    with (tables / "wer.csv").open() as file:
        results_of = list(csv.DictReader(file))
    baseline = next(
        result
        for result in results_of
        if result["system"] == recipe.tables.baseline
        and result["rank"] == "whole"
        and result["split"] == recipe.splits.test[0]
    )
    lm = recipe.table_language_models[0]
    assert 0 < float(baseline[f"wer_{lm}"]) <= float(row["max_wer"])
    if row["max_wer_greedy"]:
        assert 0 < float(baseline["wer_greedy"]) <= float(row["max_wer_greedy"])


def check_a_third(tables: Path, margin: float) -> None:
    """Check that trace norm at a third of the size is not worse than the baseline by a margin."""
    with (tables / "wer.csv").open() as file:
        thirds = [
            line
            for line in csv.DictReader(file)
            if line["split"] == "test"
            and line["system"] == "trace_norm"
            and 30 <= float(line["share_of_baseline_percent"]) <= 36
        ]
    assert thirds
    assert all(float(line["difference_high"]) < margin for line in thirds)
