"""Costs per hour of audio, scaled up: from the records, sizes and hours of a finished run."""

from pathlib import Path

import pytest
from fake_results import copy

from schatten.artifacts import Validation, read
from schatten.errors import UserError
from schatten.report.collect import Experiment
from schatten.report.render import to_markdown
from schatten.runtime import files, seals
from schatten_bench.costs_per_hour import StepCost, costs_table, step_costs


def finish(path: Path, content: bytes, seconds: float) -> None:
    """Write an artifact, and the record that its making took so long."""
    files.write_bytes(path, content)
    record = {"seal": seals.seal(path).__dict__, "seconds": seconds, "peak_memory_mb": 300.0}
    files.write_json(seals.record_of(path), record)


@pytest.fixture
def finished(experiment: Experiment, tmp_path: Path) -> Experiment:
    """A copy of the experiment in which corpus, features and trainings are there."""
    copied = copy(experiment, tmp_path)
    layout = copied.layout
    finish(layout.cuts("train"), bytes(1000), 60.0)
    for split in ("dev", "test", "test_accent"):
        files.write_bytes(layout.cuts(split), bytes(100))
    (layout.data / "audio").mkdir()
    (layout.data / "audio/one.wav").write_bytes(bytes(5000))
    finish(layout.validation, layout.validation.read_bytes(), 2.0)
    finish(layout.features("mel80", "train"), bytes(200), 30.0)
    files.write_bytes(layout.features("mel80", "train").with_name("train.lca"), bytes(4000))
    finish(layout.statistics("mel80"), bytes(10), 1.0)
    for name, system in copied.recipe.systems.items():
        row = experiment.recipe.node(name, system.seeds[0], "stage1")
        finish(layout.am(row) / "model.pt", bytes(700), 90.0)
    return copied


def test_costs_are_those_of_the_records_and_of_what_is_kept(finished: Experiment) -> None:
    layout = finished.layout
    splits = read(layout.validation, Validation).splits
    every = sum(split.hours for split in splits.values())
    found = {one.step: one for one in step_costs(finished.recipe, layout)}
    assert list(found)[:4] == ["corpus", "validate", "features mel80", "statistics mel80"]
    manifests = sum(layout.cuts(split).stat().st_size for split in splits)
    assert found["corpus"] == StepCost("corpus", every, 60.0, manifests + 5000, 300.0)
    features = layout.features("mel80", "train").stat().st_size
    assert found["features mel80"].bytes == features + 4000
    assert found["features mel80"].hours == splits["train"].hours
    assert found["statistics mel80"].seconds == 1.0
    assert found["train dense, 12 times all audio"].memory_mb == 300.0


def test_more_hours_cost_as_much_an_hour() -> None:
    cost = StepCost("features", 2.0, 7200.0, 4_000_000_000, 300.0)
    assert cost.at(10.0) == (10.0, 20.0)
    written = to_markdown([costs_table([cost], 10.0)], "Costs", [])
    cells = [cell.strip() for cell in written.rstrip().splitlines()[-1].split("|")]
    assert cells[1:] == ["features", "2.00", "3600.00", "2000.00", "300", "10.0", "20.0", ""]


def test_a_run_that_is_not_finished_is_said(finished: Experiment) -> None:
    seals.record_of(finished.layout.statistics("mel80")).unlink()
    with pytest.raises(UserError, match=r"statistics\.json .* run the recipe first"):
        list(step_costs(finished.recipe, finished.layout))
