"""Trainings from files to files: they learn, survive a kill, stop on nonsense."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import chains
import pytest
import torch
import yaml
from interruptions import interrupted_at
from small_data import write_data

from schatten import models, recipe
from schatten.compress import factor_fully
from schatten.errors import UserError
from schatten.train import compare_ranks, steps
from schatten.train.state import epoch_model
from schatten.train.targets import Targets
from schatten.units.spelled import SpelledUnits


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    return write_data(tmp_path / "data")


def test_training_learns_and_leaves_no_state(data, tmp_path: Path) -> None:
    cuts, statistics, path = data
    output = tmp_path / "model.pt"
    chains.stage1(recipe.load(str(path)), "dense", 1, cuts, statistics, output)
    epochs = json.loads(steps.history_of(output).read_text())["epochs"]
    assert [epoch["epoch"] for epoch in epochs] == [1, 2]
    assert epochs[1]["dev_loss"] < epochs[0]["dev_loss"]
    assert epochs[1]["learning_rate"] < epochs[0]["learning_rate"]
    assert set(epochs[0]["matrices"]) == {
        f"lstm{layer}_{kind}" for layer in (0, 1) for kind in ("rec", "nonrec")
    }
    assert not list(Path("state").iterdir())


def test_stage2_starts_from_the_truncated_model(data, tmp_path: Path) -> None:
    cuts, statistics, path = data
    settings = recipe.load(str(path))
    stage1, factored, stage2 = (
        tmp_path / name / "model.pt" for name in ("stage1", "factored", "stage2")
    )
    chains.stage1(settings, "trace_norm", 1, cuts, statistics, stage1)
    assert all(weight.rank == min(weight.shape) for _, weight in models.load(stage1).bank.items())
    chains.truncate(settings, "trace_norm", "rank2@e2", stage1, factored, None)
    chains.stage2(settings, "trace_norm", "rank2@e2", factored, cuts, stage2)
    sizes = [
        json.loads(steps.history_of(one).read_text())["parameters"]
        for one in (stage1, factored, stage2)
    ]
    assert sizes[0] > sizes[1] == sizes[2]
    assert set(models.load(stage2).bank.ranks.values()) == {2}
    assert list(models.load(stage2).bank.inner()) == ["lstm0.nonrec", "lstm1.nonrec"]
    assert not models.load(factored).bank.inner()


def test_rank_rules_are_compared_at_equal_size(data, tmp_path: Path) -> None:
    cuts, statistics, path = data
    settings, output = recipe.load(str(path)), tmp_path / "model.pt"
    chains.stage1(settings, "dense", 1, cuts, statistics, output)
    training = settings.trainings["default"]
    targets = Targets(SpelledUnits(models.load(output).units, None))
    rows = list(
        compare_ranks.errors_by_rank_rule(output, "partial", [2500, 3500], cuts, training, targets)
    )
    whole = json.loads(steps.history_of(output).read_text())
    assert (rows[0].rule, rows[0].parameters) == ("whole", whole["parameters"])
    assert [row.rule for row in rows[1:5]] == [
        "params2500",
        "budget2500",
        "params2500act",
        "budget2500act",
    ]
    sizes = [2500] * 4 + [3500] * 4
    assert all(row.parameters <= size for row, size in zip(rows[1:], sizes, strict=True))
    assert len({row.error_rate for row in rows}) > 1


def test_factors_can_start_more_slowly_than_the_rest(data, tmp_path: Path) -> None:
    cuts, statistics, path = data
    content = yaml.safe_load(path.read_text())
    content["trainings"]["default"]["factor_warmup"] = {"share": 1e-6, "steps": 100000}
    path.write_text(yaml.safe_dump(content))
    settings, output = recipe.load(str(path)), tmp_path / "model.pt"
    initial = chains.initial_model(settings, "trace_norm", 1, statistics)
    factor_fully(initial.bank)
    before = initial.state_dict()
    chains.stage1(settings, "trace_norm", 1, cuts, statistics, output)
    for name, value in models.load(output).state_dict().items():
        if name.endswith((".u", ".v")):
            assert torch.allclose(value, before[name], atol=1e-6), name
        elif name.endswith("weight"):
            assert not torch.allclose(value, before[name], atol=1e-4), name


@pytest.mark.parametrize(
    ("rank", "kept"),
    [("tau0.50below", None), ("tau0.70act", None), ("budget3000", None), ("ranks3-2", (3, 2))],
)
def test_an_lstm_is_projected_and_trained_on(
    data, tmp_path: Path, rank: str, kept: tuple[int, int] | None
) -> None:
    cuts, statistics, path = data
    settings = recipe.load(str(path))
    stage1, factored, stage2 = (
        tmp_path / name / "model.pt" for name in ("stage1", "factored", "stage2")
    )
    models.save(chains.initial_model(settings, "projection", 1, statistics), stage1)
    steps.history_of(stage1).write_text('{"seed": 1}')
    chains.truncate(settings, "projection", f"{rank}@e2", stage1, factored, cuts[0])
    widths = models.load(factored).settings.projection
    assert all(0 < width < 8 for width in widths) and widths == (kept or widths)
    chains.stage2(settings, "projection", f"{rank}@e2", factored, cuts, stage2)
    history = json.loads(steps.history_of(stage2).read_text())
    assert models.load(stage2).settings.projection == widths
    ranks = {name: one["rank"] for name, one in history["stored_parameters"].items()}
    assert ranks["lstm0_rec"] == ranks["lstm1_nonrec"] == widths[0]
    assert rank != "budget3000" or 2900 < history["parameters"] <= 3000


def test_ranks_that_weigh_inputs_need_speech_and_keep_their_size(data, tmp_path: Path) -> None:
    cuts, statistics, path = data
    settings = recipe.load(str(path))
    source, output = tmp_path / "model.pt", tmp_path / "factored/model.pt"
    models.save(chains.initial_model(settings, "measured", 1, statistics), source)
    steps.history_of(source).write_text('{"seed": 1}')
    rank = "params2000act@e2"
    with pytest.raises(UserError, match="params2000act@e2/factored needs --train: give"):
        chains.truncate(settings, "measured", rank, source, output, None)
    chains.truncate(settings, "measured", rank, source, output, cuts[0])
    first = output.read_bytes()
    assert json.loads(steps.history_of(output).read_text())["parameters"] <= 2000
    chains.truncate(settings, "measured", rank, source, output, cuts[0])
    assert output.read_bytes() == first
    path.write_text(path.read_text().replace("parameters: 2000", "parameters: 10"))
    with pytest.raises(
        UserError, match=r"model.pt cannot be cut to params10act: rank 1 everywhere"
    ):
        small = recipe.load(str(path))
        chains.truncate(small, "measured", "params10act@e2", source, output, cuts[0])


def test_a_training_goes_on_from_any_step_with_the_same_bits(data) -> None:
    """Eight steps an epoch: in the first, in the middle, at the last, and in the next epoch."""
    cuts, statistics, path = data
    path.write_text(path.read_text().replace("checkpoint_steps: 2", "checkpoint_steps: 1"))
    settings = recipe.load(str(path))
    chains.stage1(settings, "trace_norm", 1, cuts, statistics, Path("whole/model.pt"))
    whole = models.read(Path("whole/model.pt"))["state"]
    for step in (1, 7, 8, 9, 13):
        with interrupted_at(step):
            chains.stage1(settings, "trace_norm", 1, cuts, statistics, Path("cut/model.pt"))
        assert list(Path("state").glob("*/last.ckpt"))
        chains.stage1(settings, "trace_norm", 1, cuts, statistics, Path("cut/model.pt"))
        resumed = models.read(Path("cut/model.pt"))["state"]
        assert all(torch.equal(whole[name], resumed[name]) for name in whole), step


def test_a_killed_training_ends_with_the_same_bits(data) -> None:
    """SIGKILL in mid-epoch, then the same command: the weights of an undisturbed training."""
    cuts, statistics, path = data
    path.write_text(path.read_text().replace("epochs: 2\n", "epochs: 6\n"))
    command = [sys.executable, "-c", "from schatten.cli import main; main()", "train"]
    command += ["--recipe", str(path), "--system", "trace_norm", "--seed", "1"]
    command += ["--train", str(cuts[0]), "--dev", str(cuts[1]), "--statistics", str(statistics)]
    subprocess.run([*command, "--output", "whole/model.pt"], check=True, capture_output=True)

    process = subprocess.Popen([*command, "--output", "killed/model.pt"])
    checkpoint = _wait_for_checkpoint(steps=2)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert checkpoint.is_file() and not Path("killed/model.pt").exists()
    subprocess.run([*command, "--output", "killed/model.pt"], check=True, capture_output=True)

    whole, killed = (models.read(Path(one) / "model.pt") for one in ("whole", "killed"))
    for name, value in whole["state"].items():
        assert torch.equal(value, killed["state"][name]), name
    kept = [json.loads(Path(one, "history.json").read_text()) for one in ("whole", "killed")]
    losses = [[epoch["train_loss"] for epoch in one["epochs"]] for one in kept]
    assert losses[0] == losses[1]
    assert kept[0]["points"] == kept[1]["points"] != [], "no point of a curve is lost or doubled"


def test_too_many_parts_of_an_epoch_are_refused(data) -> None:
    cuts, statistics, path = data
    path.write_text(path.read_text().replace("epochs: 2\n", "epochs: 2\n    epoch_parts: 900\n"))
    with pytest.raises(UserError, match="lower epoch_parts"):
        chains.stage1(recipe.load(str(path)), "dense", 1, cuts, statistics, Path("model.pt"))


def _wait_for_checkpoint(steps: int) -> Path:
    """Wait until a checkpoint of at least `steps` steps is written, in the middle of an epoch."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        for path in Path("state").glob("*/last.ckpt"):
            try:
                saved = torch.load(path, weights_only=True)
            except (RuntimeError, OSError):
                continue
            progress = saved["progress"]
            if progress["step"] >= steps and progress["sums"]["steps"] > 0:
                return path
        time.sleep(0.005)
    raise AssertionError("no checkpoint came")


def test_a_nan_loss_names_the_step_the_utterances_and_the_remedy(
    data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cuts, statistics, path = data
    statistics.write_text(statistics.read_text().replace("1.0", "0.0"))
    with pytest.raises(
        UserError, match=r"loss is nan at step 0.*train\d+.*lower the learning rate"
    ):
        chains.stage1(recipe.load(str(path)), "dense", 1, cuts, statistics, tmp_path / "model.pt")
    assert not (tmp_path / "model.pt").exists()


def test_a_diverging_loss_stops(data, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cuts, statistics, path = data
    monkeypatch.setattr("schatten.train.progress.DIVERGENCE_FACTOR", 0.01)
    path.write_text(path.read_text().replace("epochs: 2\n", "epochs: 4\n"))
    with pytest.raises(UserError, match="the loss diverges"):
        chains.stage1(recipe.load(str(path)), "dense", 1, cuts, statistics, tmp_path / "model.pt")


def test_utterances_with_more_labels_than_frames_are_named_and_left_out(
    data, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    cuts, statistics, path = data
    path.write_text(path.read_text().replace("keep_every: 2", "keep_every: 12"))
    chains.stage1(recipe.load(str(path)), "dense", 1, cuts, statistics, tmp_path / "model.pt")
    said = capsys.readouterr().out
    assert "left out, too long or with more labels than frames" in said
    assert "  train" in said


def test_what_is_too_short_for_a_late_first_label_is_left_out_of_training_alone(
    data, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    cuts, statistics, path = data
    path.write_text(
        path.read_text().replace("epochs: 2\n", "epochs: 2\n    first_label_after: 0.3\n")
    )
    chains.stage1(recipe.load(str(path)), "dense", 1, cuts, statistics, tmp_path / "model.pt")
    said = capsys.readouterr().out
    assert "left out, too long or with more labels than frames" in said
    assert "  train" in said
    assert "  dev" not in said


def test_an_early_transition_factors_the_listed_epoch(data, tmp_path: Path) -> None:
    cuts, statistics, path = data
    text = path.read_text().replace(
        "ranks: [{rank: 2}]\n    stage2: {epochs: 1}",
        "ranks: [{rank: 2}]\n    stage2: {transition: early, at_epoch: 1, apply_factors: false}",
    )
    path.write_text(text)
    settings = recipe.load(str(path))
    output = tmp_path / "model.pt"
    chains.stage1(settings, "trace_norm", 1, cuts, statistics, output)
    early = epoch_model(output, 1)
    gone = early.rename(tmp_path / "gone.pt")
    truncated = tmp_path / "factored/model.pt"
    with pytest.raises(UserError, match=rf"{early} does not exist, .* remove {output} too"):
        chains.truncate(settings, "trace_norm", "rank2@e1", early, truncated, None)
    gone.rename(early)
    chains.truncate(settings, "trace_norm", "rank2@e1", early, truncated, None)
    chains.stage2(settings, "trace_norm", "rank2@e1", truncated, cuts, tmp_path / "s2/model.pt")
    rates = [
        json.loads(steps.history_of(one).read_text())["epochs"][-1]["learning_rate"]
        for one in (output, tmp_path / "s2/model.pt")
    ]
    assert rates[0] == pytest.approx(rates[1], rel=0.1)  # one schedule for both stages
    assert not models.load(tmp_path / "s2/model.pt").bank.inner(recurrent=True)
