"""The tables of the papers: ranks, factorizations, tiers, times of training."""

from pathlib import Path

import pytest
from fake_results import copy, find, rows_of

from schatten.recipe.ranks import VarianceShare
from schatten.recipe.tables import factorization_groups, written
from schatten.report import tables
from schatten.report.collect import Experiment
from schatten.report.times import times_table
from schatten.runtime import files
from schatten.score.paired import relative_difference


@pytest.fixture(scope="module")
def folder(lab: Experiment, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables")
    tables.write(lab, folder)
    return folder


def test_a_recipe_has_the_tables_it_has_systems_for(
    experiment: Experiment, lab: Experiment
) -> None:
    names = ["wer", "cost", "systems", "times", "ranks", "engine"]
    assert written(experiment.recipe) == names
    absent = ("engine", "sparsity", "compression", "predictions", "stages", "hours", "conditions")
    assert written(lab.recipe) == [name for name in tables.KINDS if name not in absent]


def test_ranks_are_those_of_compressed_models_and_the_baseline(folder: Path) -> None:
    rows = rows_of(folder / "ranks.csv")
    assert {row["system"] for row in rows if row["rank"] == "whole"} == {"dense"}
    wer = find(rows_of(folder / "wer.csv"), system="plain", rank="tau0.60@e12")
    row = find(rows, system="plain", rank="tau0.60@e12")
    assert row.items() <= wer.items()
    assert (row["matrix_ranks"], row["parameters"]) == ("21/21/21/21/21", "693001")
    assert all(text in files.read_text(folder / "ranks.tex") for text in ("plain", "booktabs"))


def test_bundles_have_the_megabytes_of_their_files(folder: Path) -> None:
    rows = rows_of(folder / "bundles.csv")
    row = find(rows, system="plain", rank="tau0.60@e12")
    assert (row["megabytes_model"], row["megabytes_lm"]) == ("0.5", "4.0")
    assert float(row["megabytes"]) == pytest.approx(4.5015)
    wer = find(rows_of(folder / "wer.csv"), system="plain", rank="tau0.60@e12")
    assert (row["wer"], row["parameters"]) == (wer["wer_large"], wer["parameters"])
    assert "was 20.3 MB" in files.read_text(folder / "bundles.md")


def test_systems_that_differ_in_the_factorization_alone_share_a_line(
    folder: Path, lab: Experiment
) -> None:
    assert factorization_groups(lab.recipe) == [
        {"split": "split", "partial": "partial", "joint": "joint"}
    ]
    fewer = lab.recipe.systems["joint"].model_copy(update={"ranks": (VarianceShare(tau=0.6),)})
    other = lab.recipe.model_copy(update={"systems": {**lab.recipe.systems, "joint": fewer}})
    assert factorization_groups(other) == factorization_groups(lab.recipe), "ranks may differ"
    rows = rows_of(folder / "factorizations.csv")
    assert [row["rank"] for row in rows] == [f"tau{tau}@e12" for tau in ("0.90", "0.60", "0.40")]
    wer = rows_of(folder / "wer.csv")
    for kind in ("split", "partial", "joint"):
        found = find(wer, system=kind, rank="tau0.60@e12")
        assert rows[1][f"cer_greedy_{kind}"] == found["cer_greedy"]
        assert rows[1][f"parameters_{kind}"] == found["parameters"]


def test_a_tier_is_the_best_on_dev_of_those_that_are_small_enough(
    folder: Path, lab: Experiment
) -> None:
    baseline, big, none = rows_of(folder / "tiers.csv")
    small = [m for m in lab.models if m.history.parameters <= 1_000_000]
    best = min(small, key=lambda model: lab.score(model.node, None, "dev").cer).node
    assert (big["system"], big["rank"], big["seed"]) == (best.system, best.label, str(best.seed))
    assert (baseline["system"], baseline["relative"]) == ("dense", "")
    assert (none["system"], none["wer"]) == ("none fits", "")
    wer = find(
        rows_of(folder / "wer.csv"), system=best.system, rank=best.label, seed=str(best.seed)
    )
    assert (big["wer"], big["relative_high"]) == (wer["wer_large"], wer["relative_high"])


def test_times_are_means_over_lambdas_and_seeds(tmp_path: Path, lab: Experiment) -> None:
    other = copy(lab, tmp_path)
    point, seconds = "lambda_l2_rec0.001_nonrec0", 120.0
    for row, factor in (
        (lab.recipe.node(point, 1, "whole/stage1"), 2.0),
        (lab.recipe.node("plain", 1, "whole/stage1"), 3.0),
    ):
        path = other.layout.am(row) / "history.json"
        files.write_json(path, {**files.read_json(path), "training_seconds": factor * seconds})
    tables.write(other, tmp_path / "tables")
    rows = rows_of(tmp_path / "tables/times.csv")
    l2 = find(rows, step="stage 1", penalty="l2", model="gru")
    assert (l2["trainings"], l2["seconds_per_epoch"]) == ("9", str(round(10 + 10 / 9, 4)))
    assert float(l2["of_unpenalised"]) == pytest.approx((10 + 10 / 9) / 20, abs=1e-3)
    assert (l2["epochs"], l2["faster_than_stage1"]) == ("12.0", "")
    plain = find(rows, step="stage 2", penalty="none", rank="tau0.60@e12")
    assert plain["faster_than_stage1"] == "3.0"


def test_a_training_of_its_own_is_compared_with_the_unpenalised_one(lab: Experiment) -> None:
    trainings = {**lab.recipe.trainings, "factored": lab.recipe.trainings["default"]}
    systems = {
        name: one.model_copy(update={"training": "factored"})
        if one.penalty.type == "trace_norm"
        else one
        for name, one in lab.recipe.systems.items()
    }
    update = {"trainings": trainings, "systems": systems}
    table = times_table(Experiment(lab.recipe.model_copy(update=update), lab.layout))
    names = [column.header for column in table.columns]
    found = [dict(zip(names, (cell.text for cell in line), strict=True)) for line in table.lines]
    rows = [row for row in found if (row["training"], row["step"]) == ("factored", "stage 1")]
    assert {row["of unpenalised"] for row in rows} == {"1.00"}


def test_relative_differences_are_drawn_by_speaker(folder: Path, lab: Experiment) -> None:
    row = find(rows_of(folder / "wer.csv"), system="plain", rank="tau0.60@e12")
    first, second = (
        lab.layout.decoded(one, "lexicon", "large") / "test.utterances.csv"
        for one in (
            lab.recipe.node("dense", 1, "whole/stage1"),
            lab.recipe.node("plain", 1, "tau0.60@e12/stage2"),
        )
    )
    expected = relative_difference(first, second, samples=100)
    assert expected.by_speaker
    assert float(row["relative"]) == pytest.approx(expected.percent, abs=1e-4)
    assert float(row["relative_low"]) == pytest.approx(expected.low, abs=1e-4)
    dense, plain = (
        float(find(rows_of(folder / "wer.csv"), system=name, rank=rank)["wer_large"])
        for name, rank in (("dense", "whole"), ("plain", "tau0.60@e12"))
    )
    assert expected.percent == pytest.approx(100 * (plain - dense) / dense, abs=0.01)
    assert "whole speakers are drawn where speakers repeat" in files.read_text(folder / "wer.md")
