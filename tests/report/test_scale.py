"""Costs per hour of audio, scaled up: from the records, sizes and hours of a finished run."""

from pathlib import Path

import pytest
from fake_results import copy

from schatten import files, seals
from schatten.errors import UserError
from schatten.recipe.layout import WHOLE, Row
from schatten.report.artifacts import Validation, read
from schatten.report.collect import Experiment
from schatten.report.render import to_markdown
from schatten.report.scale import Cost, costs, scale_table


def finish(path: Path, size: int, seconds: float) -> None:
    """Write an artifact of so many bytes whose making took so long."""
    files.write_bytes(path, bytes(size))
    record = {"seal": seals.seal(path).__dict__, "seconds": seconds, "peak_memory_mb": 300.0}
    files.write_json(seals.record_of(path), record)


@pytest.fixture
def finished(experiment: Experiment, tmp_path: Path) -> Experiment:
    """A copy of the experiment in which corpus, features and a training of `dense` are there."""
    copied = copy(experiment, tmp_path)
    layout = copied.layout
    finish(layout.cuts("train"), 1000, 60.0)
    for split in ("dev", "test", "test_accent"):
        files.write_bytes(layout.cuts(split), bytes(100))
    (layout.data / "audio").mkdir()
    (layout.data / "audio/one.wav").write_bytes(bytes(5000))
    report = files.read_json(layout.validation)
    finish(layout.validation, 0, 2.0)
    files.write_json(layout.validation, report)
    finish(layout.features("mel80", "train"), 200, 30.0)
    files.write_bytes(layout.features("mel80", "train").with_name("train.lca"), bytes(4000))
    finish(layout.statistics("mel80"), 10, 1.0)
    finish(layout.am(Row("dense", 1, WHOLE, "stage1")) / "model.pt", 700, 90.0)
    return copied


def test_costs_are_those_of_the_records_and_of_what_is_kept(finished: Experiment) -> None:
    splits = read(finished.layout.validation, Validation).splits
    every = sum(split.hours for split in splits.values())
    found = {one.step: one for one in costs(finished.recipe, finished.layout)}
    assert list(found)[:4] == ["corpus", "validate", "features mel80", "statistics mel80"]
    assert found["corpus"] == Cost("corpus", every, 60.0, 1000 + 300 + 5000, 300.0)
    assert found["features mel80"].bytes == 4200
    assert found["features mel80"].hours == splits["train"].hours
    assert found["statistics mel80"].seconds == 1.0
    assert found["train dense, 12 times all audio"].bytes == 700


def test_more_hours_cost_as_much_an_hour() -> None:
    cost = Cost("features", 2.0, 7200.0, 4_000_000_000, 300.0)
    assert cost.at(10.0) == (10.0, 20.0)
    written = to_markdown([scale_table([cost], 10.0)], "Costs", [])
    assert "| features | 2.00" in written
    assert written.splitlines()[-1].endswith("| 10.0 | 20.0 |")


def test_a_run_that_is_not_finished_is_said(finished: Experiment) -> None:
    seals.record_of(finished.layout.statistics("mel80")).unlink()
    with pytest.raises(UserError, match=r"statistics\.json .* run the recipe first"):
        list(costs(finished.recipe, finished.layout))
