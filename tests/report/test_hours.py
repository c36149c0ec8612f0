"""The table and the figure of learning curves: points by hours, and what more hours give."""

from pathlib import Path
from statistics import fmean

import pytest
from fake_results import RECIPE, find, make_experiment, rows_of

from schatten.recipe.figures import drawn, page, why_not
from schatten.recipe.tables import written
from schatten.report import tables
from schatten.report.collect import Experiment
from schatten.report.figures import write as write_figure
from schatten.report.hours import points

TRAINING = {"epochs": 12, "batch_seconds": 60, "learning_rate": 0.001}
CURVES = {
    **RECIPE,
    "title": "Learning curves",
    "splits": {"test": ["test"]},
    "trainings": {
        "default": {**TRAINING, "hours": 4},
        "two": {**TRAINING, "hours": 2},
        "one": {**TRAINING, "hours": 1, "epochs": 20},
    },
    "systems": {
        f"{penalty}_{hours}": {
            "model": "gru",
            "training": hours,
            "seeds": [1, 2],
            "penalty": {"type": penalty, "lambda_rec": 0.01, "lambda_nonrec": 0.01},
        }
        for penalty in ("l2", "trace_norm")
        for hours in ("default", "one", "two")
    },
    "language_models": {"large": {}},
    "tables": {"baseline": "l2_default", "bootstrap_samples": 100},
}


@pytest.fixture(scope="module")
def experiment(tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    return make_experiment(tmp_path_factory.mktemp("hours"), CURVES)


def test_a_point_is_compared_with_the_one_of_fewer_hours(experiment: Experiment) -> None:
    found = points(experiment)
    assert [(one.series, one.hours) for one in found] == [
        (penalty, hours) for penalty in ("l2", "trace_norm") for hours in (1, 2, 4)
    ]
    for one in found:
        assert len(one.results) == 2
        assert one.wer == fmean(result.main.wer for result in one.results)
        assert one.ends[0] <= one.wer <= one.ends[1]
    assert [one.before is None for one in found] == [True, False, False] * 2
    first, second, third = found[:3]
    assert second.before is not None and second.change is not None
    assert second.before.hours == first.hours
    assert second.change.points.points == pytest.approx(second.wer - first.wer, abs=1e-3)
    assert third.an_hour_more == pytest.approx((third.wer - second.wer) / 2, abs=1e-3)
    assert second.twice_the_hours == pytest.approx(100 * (second.wer / first.wer - 1))
    assert first.an_hour_more is None and first.twice_the_hours is None
    assert first.wer > second.wer > third.wer, "as the made-up results have it"


def test_table_and_figure(experiment: Experiment, tmp_path: Path) -> None:
    assert "hours" in written(experiment.recipe) and "hours" in drawn(experiment.recipe)
    made, notes = tables.KINDS["hours"]
    tables.write_table(tmp_path / "hours", made(experiment), experiment.recipe, notes(experiment))
    rows = rows_of(tmp_path / "hours.csv")
    row = find(rows, system="l2_two")
    second = points(experiment)[1]
    assert second.change is not None
    assert (float(row["hours"]), float(row["utterances"]), row["seeds"]) == (2, 200, "2")
    assert float(row["wer"]) == pytest.approx(second.wer, abs=1e-4)
    assert float(row["change_low"]) <= float(row["change"]) <= float(row["change_high"])
    assert float(row["change"]) == pytest.approx(second.change.points.points, abs=1e-4)
    assert find(rows, system="l2_one")["change"] == ""
    assert "Points an hour" in (tmp_path / "hours.md").read_text()
    assert rows_of(write_figure(experiment, "hours", tmp_path / "hours.png")) == rows


def test_a_model_of_the_whole_split_has_its_hours(tmp_path: Path) -> None:
    """The validator counted them, and no part was chosen."""
    content = {**CURVES, "trainings": {**CURVES["trainings"], "default": TRAINING}}  # type: ignore[dict-item]
    content["systems"] = {name: CURVES["systems"][name] for name in ("l2_default", "l2_one")}  # type: ignore[index]
    found = points(make_experiment(tmp_path, content))
    assert sorted(one.hours for one in found) == [0.05, 1.0]
    assert {one.hours: one.counted("speakers") for one in found} == {0.05: None, 1.0: 12}


def test_other_recipes_have_no_curve(tmp_path: Path) -> None:
    other = make_experiment(tmp_path, {**RECIPE, "systems": {"dense": {"model": "gru"}}})
    assert "hours" not in written(other.recipe)
    assert why_not(other.recipe, "hours") is not None
    assert "## hours" not in page(other.recipe)
