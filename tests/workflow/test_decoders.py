"""Every search through the workflow, on the data of the smoke recipe, in one table."""

import csv

import pytest
from project import Project
from recipe_rows import check_bounds, row_of

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("workflow")]
RECIPE = "voicesearch_like/decoders"


def test_every_search_has_its_column(done: Project) -> None:
    """Slow, with a training: nothing else in the tests decodes with a graph in the workflow."""
    status, output = done.run("schatten", "run", "wer_tables", "--recipe", RECIPE, "-j2")
    assert status == 0, output
    home = done.path / "results" / RECIPE
    check_bounds(row_of(RECIPE), done.path / "results")
    decoded = {str(path.parent.relative_to(home)) for path in home.rglob("test.score.json")}
    searched = {"greedy/none", "lexicon/fivegram", "open/characters", "wfst/bigram"}
    assert decoded == {
        f"decode/dense/seed1/whole/stage1/fp32/{search}" for search in {*searched, "wfst/rescored"}
    }
    with (home / "tables/wer.csv").open() as file:
        (row,) = csv.DictReader(file)
    greedy = float(row["wer_greedy"])
    assert all(float(row[f"wer_{lm}"]) < greedy for lm in ("fivegram", "bigram", "rescored"))
    status, output = done.run("schatten", "run", "wer_tables", "--recipe", RECIPE)
    assert output.startswith("nothing to do")
