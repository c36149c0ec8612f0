"""The points of a grid: compared on dev alone, the best of each penalty go on."""

import csv
import io
from pathlib import Path

import pytest
from fake_results import copy
from typer.testing import CliRunner

from schatten.cli.report import app
from schatten.report import choice, tables
from schatten.report.collect import Experiment
from schatten.runtime import files


def test_the_lowest_cers_of_each_penalty_go_on(lab: Experiment) -> None:
    points = choice.choose(lab.recipe, lab.layout, "lambda").points
    assert len(points) == 12
    for penalty in ("l2", "trace_norm"):
        rates = sorted((p.dev_cer, p.chosen) for p in points if p.penalty == penalty)
        assert [chosen for _, chosen in rates] == [True, True, False, False, False, False]
        assert all(rate > 0 for rate, _ in rates)


def test_points_are_compared_by_the_mean_over_the_grids_seeds(
    lab: Experiment, tmp_path: Path
) -> None:
    other = copy(lab, tmp_path)
    grid = lab.recipe.grids["lambda"].model_copy(update={"seeds": (1, 2)})
    recipe = lab.recipe.model_copy(update={"grids": {"lambda": grid}})
    for place, point in enumerate(choice.choose(lab.recipe, lab.layout, "lambda").points):
        for seed, rate in ((1, 10.0), (2, 30.0 - place)):
            row = lab.recipe.node(point.system, seed, "whole/stage1")
            path = other.layout.score(row, "greedy", "none", "dev")
            first = lab.layout.score(
                lab.recipe.node(point.system, 1, "whole/stage1"), "greedy", "none", "dev"
            )
            files.write_json(path, {**files.read_json(first), "cer": rate})
    points = choice.choose(recipe, other.layout, "lambda").points
    assert points[0].dev_cer == 20.0
    assert points[0].dev_cer_by_seed == {1: 10.0, 2: 30.0}
    assert [place for place, point in enumerate(points) if point.chosen] == [4, 5, 10, 11]


def test_the_verb_writes_what_the_experiment_reads(lab: Experiment, tmp_path: Path) -> None:
    recipe = str(lab.layout.results.parent / "recipes/voice/tiny.yaml")
    common = ["--recipe", recipe, "--data-key", "abc", "--results", str(lab.layout.results)]
    output = tmp_path / "lambda.json"
    run = CliRunner().invoke(app, ["choose", *common, "--grid", "lambda", "--output", str(output)])
    assert run.exit_code == 0, run.output
    assert output.read_bytes() == lab.layout.choice("lambda").read_bytes()
    assert all(name in run.output for name in choice.chosen_systems(output))


def test_only_the_chosen_are_in_the_table_and_all_are_in_the_manifest(
    lab: Experiment, tmp_path: Path
) -> None:
    tables.write(lab, tmp_path)
    chosen = set(lab.choices["lambda"].chosen)
    wer = {row["system"] for row in rows_of(tmp_path / "wer.csv")}
    assert {name for name in wer if name.startswith("lambda_")} == chosen
    manifest = {row["system"]: row for row in rows_of(tmp_path / "systems.csv")}
    assert list(manifest) == list(lab.recipe.systems)
    assert {name for name, row in manifest.items() if row["chosen"] == "yes"} == chosen
    point = manifest["lambda_trace_norm_rec0.001_nonrec0.003"]
    assert (point["grid"], point["penalty"], point["lambda_nonrec"]) == (
        "lambda",
        "trace_norm",
        "0.003",
    )
    assert manifest["early_l2"]["ranks"] == "tau0.60@e3 tau0.60@e6 tau0.60@e9"
    assert manifest["dense"]["lambda_rec"] == manifest["dense"]["chosen"] == ""


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(files.read_text(path))))


@pytest.mark.parametrize("name", ["lambda_l2_rec0.001_nonrec0", "dense"])
def test_stage_1_is_known_of_points_that_do_not_go_on(lab: Experiment, name: str) -> None:
    models = [model.node for model in lab.stage1_models if model.node.system == name]
    assert lab.recipe.node(name, 1, "whole/stage1") in models
