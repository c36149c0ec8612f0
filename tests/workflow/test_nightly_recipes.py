"""Small recipes that run every night, from their corpus to their tables and the engine."""

import csv
from collections.abc import Callable
from pathlib import Path

import pytest
from project import Project
from recipe_rows import check_bounds, row_of, rows

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("workflow"), pytest.mark.nightly]


@pytest.mark.parametrize("recipe", rows("night"))
def test_a_recipe_keeps_its_bounds(project: Project, recipe: str) -> None:
    status, output = project.run("schatten", "run", "wer_tables", "--recipe", recipe)
    assert status == 0, output
    check_bounds(row_of(recipe), project.path / "results")
    if recipe in CHECKS:
        CHECKS[recipe](project.path / "results" / recipe / "tables")


def check_zeros(tables: Path) -> None:
    """Check that pruned models have the zeros that the recipe asks for, in the engine too."""
    with (tables / "sparsity.csv").open() as file:
        zeros = {(one["system"], one["rank"]): one for one in csv.DictReader(file)}
    assert float(zeros["cubic", "whole"]["zeros_percent"]) == 75
    assert float(zeros["one_shot", "sparse0.50"]["zeros_percent"]) == 50
    assert int(zeros["lasso", "nonzeros20000b4x4"]["nonzeros"]) == 20000
    assert float(zeros["low_rank", "tau0.80@e8"]["zeros_percent"]) == pytest.approx(50, abs=2)
    size = float(zeros["one_shot", "bytes30000b4x4globalrefit"]["int8_megabytes"])
    assert size == pytest.approx(0.03, rel=0.01)
    with (tables / "predictions.csv").open() as file:
        errors = [float(one["difference_points"]) for one in csv.DictReader(file)]
    assert len(errors) == 5
    assert max(map(abs, errors)) < 2
    with (tables / "engine.csv").open() as file:
        (int8,) = csv.DictReader(file)
    assert abs(float(int8["wer_fivegram"]) - float(zeros["cubic", "whole"]["wer_fivegram"])) < 5


CHECKS: dict[str, Callable[[Path], None]] = {"voicesearch_like/smoke_sparse": check_zeros}
