"""The results in docs/results and in README hold the goals that they are said to hold."""

import csv
import re

import pytest
from project import ROOT
from recipe_rows import check_a_third, check_rates, row_of

from schatten import recipe as recipes
from schatten.report.columns import bracket
from schatten.report.overview import said_size
from schatten.workflow import DEFAULT_RECIPE

TABLES = ROOT / "docs/results" / DEFAULT_RECIPE
RECIPE = recipes.load(str(ROOT / "recipes" / f"{DEFAULT_RECIPE}.yaml"))


@pytest.fixture
def results() -> list[dict[str, str]]:
    with (TABLES / "wer.csv").open() as file:
        return [row for row in csv.DictReader(file) if row["split"] == RECIPE.splits.test[0]]


def test_the_baseline_of_the_default_recipe_is_within_its_bounds() -> None:
    check_rates(row_of(DEFAULT_RECIPE), TABLES)


def test_trace_norm_at_a_third_of_the_size_is_not_worse_by_the_margin() -> None:
    assert RECIPE.tables.margin == 1.5
    check_a_third(TABLES, RECIPE.tables.margin)


def test_the_table_in_readme_is_the_committed_one(results: list[dict[str, str]]) -> None:
    readme = (ROOT / "README.md").read_text().splitlines()
    lm = RECIPE.table_language_models[0]
    for row in results:
        size = said_size(float(row["share_of_baseline_percent"]) / 100)
        name = row["system"] if row["verdict"] == "baseline" else f"{row['system']}, {size}"
        parameters, wer = int(row["parameters"]) / 1e6, float(row[f"wer_{lm}"])
        interval = bracket(float(row["wer_low"]), float(row["wer_high"]))
        shown = f"{name} {parameters:.3f} {4 * parameters:.2f} {wer:.2f} {interval} "
        shown += row["verdict"].partition(",")[0]
        assert shown.split() in [line.split() for line in readme], shown


def test_the_picture_in_readme_is_the_report_of_the_default_recipe() -> None:
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", (ROOT / "README.md").read_text())
    assert pictures == ["docs/how_to/report.png"]
    page = (ROOT / "docs/how_to/report.md").read_text()
    assert "](report.png)" in page
    assert f"results/{DEFAULT_RECIPE}/report.html" in page


def test_the_spread_in_readme_is_that_of_three_seeds() -> None:
    with (ROOT / "docs/results" / f"{DEFAULT_RECIPE}_seeds" / "wer.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if row["split"] == RECIPE.splits.test[0]]
    readme, lm = (ROOT / "README.md").read_text(), RECIPE.table_language_models[0]
    for system, is_whole in (("dense", True), ("trace_norm", False)):
        found = [
            float(row[f"wer_{lm}"])
            for row in rows
            if row["system"] == system
            and (row["rank"] == "whole") == is_whole
            and row["seed"].isdigit()  # neither mean nor deviation
        ]
        assert len(found) == 3
        assert f"{min(found):.2f} to {max(found):.2f} %" in readme


def test_every_experiment_has_a_page_and_a_line_in_the_overview() -> None:
    folders = {path.parent for path in (ROOT / "docs/results").glob("*/*/wer.md")}
    assert len(folders) >= 15
    overview = (ROOT / "docs/results/README.md").read_text()
    for folder in folders:
        name = f"{folder.parent.name}/{folder.name}"
        assert (folder / "README.md").is_file(), f"write docs/results/{name}/README.md"
        assert overview.count(f"]({name}/README.md)") == 1, name
