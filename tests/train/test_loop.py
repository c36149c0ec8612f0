"""The training loop and what techniques may rely on: order of hooks, state, groups, resuming."""

import json
import os
import signal
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import toy_training
from torch import Tensor
from toy_training import toy

from schatten.artifacts.training_state import PROGRESS, Progress
from schatten.models import AcousticModel
from schatten.recipe.training import Training
from schatten.train.objectives import Ctc
from schatten.train.state import CHECKPOINT
from schatten.train.techniques import ParameterGroup, Step, Technique
from schatten.train.techniques.spectra import Spectra
from schatten.units import characters

STEPS = 8
"""Of an epoch."""


class Listed(Technique):
    """Writes its hooks down as they are called."""

    def __init__(self, name: str, calls: list[str]) -> None:
        self.name, self.calls = name, calls
        self.shares: list[float] = []

    def _called(self, hook: str) -> None:
        self.calls.append(f"{self.name}.{hook}")

    def prepare(self, model: AcousticModel) -> None:
        self._called("prepare")

    def groups(self, model: AcousticModel) -> list[ParameterGroup]:
        self._called("groups")
        return []

    def before_step(self, step: Step) -> None:
        self._called(f"before_step {step.number}")
        assert not hasattr(step, "log_probs")
        self.shares.append(step.share)

    def loss(self, loss: Tensor, step: Step) -> Tensor:
        self._called(f"loss {step.number}")
        assert step.log_probs.shape[0] == len(step.lengths) == len(step.batch.ids)
        return loss

    def after_step(self, step: Step) -> None:
        self._called(f"after_step {step.number}")

    def measure(self, model: AcousticModel) -> dict[str, Any]:
        self._called("measure")
        return {self.name: 7}

    def state(self) -> dict[str, Any]:
        self._called("state")
        return {}

    def finish(self, model: AcousticModel) -> None:
        self._called("finish")


def test_hooks_are_called_in_order(tmp_path: Path) -> None:
    calls: list[str] = []
    one, two = Listed("one", calls), Listed("two", calls)
    _, records = toy(tmp_path, [one, two], checkpoint_steps=STEPS - 1)
    expected = ["prepare", "groups"]
    for step in range(2 * STEPS):
        expected += [f"before_step {step}", f"loss {step}", f"after_step {step}"]
        if (step + 1) % (STEPS - 1) == 0:
            expected.append("state")
        if (step + 1) % STEPS == 0:
            expected += ["measure", "state"]
    expected.append("finish")
    assert calls == [f"{name}.{hook}" for hook in expected for name in ("one", "two")]
    assert all(record["one"] == record["two"] == 7 for record in records)
    assert one.shares == sorted(one.shares)
    assert one.shares[0] == 0 and one.shares[STEPS] == 0.5 and one.shares[-1] < 1


@pytest.mark.parametrize("name", list(toy_training.MADE))
def test_techniques_survive_a_kill(tmp_path: Path, name: str) -> None:
    """SIGKILL when the checkpoint of a step is written: the bits of an undisturbed training.

    `drift` has state of its own and draws random numbers; `cubic` renews masks before that step;
    `auxiliary` trains weights that the model has no more at its end.
    """
    made = toy_training.MADE[name]
    whole, whole_records = toy(tmp_path / "whole", [made()])
    killed = tmp_path / "killed"
    command = [sys.executable, toy_training.__file__, str(killed), "6", name]
    found = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    run = subprocess.run(command, capture_output=True, text=True, check=False, env=found)
    assert run.returncode == -signal.SIGKILL, run.stderr
    assert not (killed / "model.pt").exists()
    assert torch.load(killed / "state" / CHECKPOINT, weights_only=True)["progress"]["step"] == 6
    resumed, records = toy(killed, [made()])
    assert records == whole_records
    if name == "drift":
        assert 0 < records[0]["drift"] < records[1]["drift"]
    for key, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[key]), key


def test_a_resumed_training_repeats_no_step(tmp_path: Path) -> None:
    class Stop(Exception): ...

    class Stopping(Listed):
        def after_step(self, step: Step) -> None:
            super().after_step(step)
            if step.number == STEPS + 2:
                raise Stop

    calls: list[str] = []
    with pytest.raises(Stop):
        toy(tmp_path, [Stopping("one", calls)], checkpoint_steps=2)
    calls.clear()
    toy(tmp_path, [Listed("one", calls)], checkpoint_steps=2)
    assert calls[:3] == ["one.prepare", "one.groups", f"one.before_step {STEPS + 2}"]


def test_a_group_has_its_own_learning_rate(tmp_path: Path) -> None:
    """One whose share is zero does not move; the first technique that names a parameter has it."""

    class Still(Technique):
        def __init__(self, share: float) -> None:
            self.own = share

        def prepare(self, model: AcousticModel) -> None:
            self.before = [one.detach().clone() for one in model.parameters()]

        def groups(self, model: AcousticModel) -> list[ParameterGroup]:
            return [ParameterGroup(list(model.parameters())[:2], lambda step: self.own)]

    still = Still(0.0)
    model, records = toy(tmp_path, [still, Still(1.0)], weight_average_epochs=0)
    for number, (before, after) in enumerate(zip(still.before, model.parameters(), strict=True)):
        assert torch.equal(before, after) == (number < 2)
    assert records[-1]["learning_rate"] > 0


def test_a_technique_has_the_last_word(tmp_path: Path) -> None:
    """It changes the model after weights were averaged; losses and records are before that."""

    class Zero(Technique):
        def finish(self, model: AcousticModel) -> None:
            assert all(bool(one.any()) for one in model.parameters())
            torch.nn.utils.vector_to_parameters(
                torch.zeros(sum(one.numel() for one in model.parameters())), model.parameters()
            )

    model, records = toy(tmp_path, [Spectra(), Zero()], weight_average_epochs=2)
    assert not any(bool(one.any()) for one in model.parameters())
    assert all(0 < one["nu"] <= 1 for one in records[-1]["matrices"].values())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            {"pytorch-lightning_version": "2.6.6", "state_dict": {}},
            "by another version of schatten",
        ),
        (None, "is no whole checkpoint"),
    ],
)
def test_an_old_or_damaged_checkpoint_is_said_and_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: object, said: str
) -> None:
    (tmp_path / "state").mkdir()
    path = tmp_path / "state" / CHECKPOINT
    if content is None:
        path.write_bytes(b"PK half of a file")
    else:
        torch.save(content, path)
    _, records = toy(tmp_path, [])
    assert [record["epoch"] for record in records] == [1, 2]
    printed = capsys.readouterr().out
    assert f"{path} " in printed and said in printed and "training begins anew" in printed


def flip_a_weight(path: Path) -> None:
    """Change one bit of the first tensor in a file of torch's."""
    with zipfile.ZipFile(path) as archive:
        entry = next(one for one in archive.infolist() if "/data/" in one.filename)
    content = bytearray(path.read_bytes())
    head = entry.header_offset
    names = struct.unpack("<HH", content[head + 26 : head + 30])
    content[head + 30 + sum(names) + 3] ^= 0x40  # an exponent's bit
    path.write_bytes(content)


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


@pytest.mark.parametrize(
    ("damage", "names", "said"),
    [
        (flip_a_weight, ["last.ckpt"], "goes on from"),
        (cut_short, ["last.ckpt"], "goes on from"),
        (Path.unlink, ["last.ckpt"], ""),  # killed between two renamings
        (flip_a_weight, ["last.ckpt", "before.ckpt"], "begins anew"),
        (flip_a_weight, ["e1.pt"], "begins anew"),
    ],
)
def test_a_damaged_state_is_never_trained_on(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    damage: Callable[[Path], None],
    names: list[str],
    said: str,
) -> None:
    """The training goes on from the checkpoint before, to the bits of an undisturbed one."""

    class Stop(Exception): ...

    class Stopping(Technique):
        def before_step(self, step: Step) -> None:
            if step.number == STEPS + 4:
                raise Stop

    changes = {"keep_epochs": (1,), "checkpoint_steps": 2}
    whole, whole_records = toy(tmp_path / "whole", [], **changes)
    with pytest.raises(Stop):
        toy(tmp_path / "hurt", [Stopping()], **changes)
    for name in names:
        damage(tmp_path / "hurt/state" / name)
    capsys.readouterr()
    resumed, records = toy(tmp_path / "hurt", [Technique()], **changes)
    printed = capsys.readouterr().out
    assert (f"training {said}" if said else "epoch 2/2") in printed
    assert printed.count("training ") == bool(said) * max(len(names), 1 + (names == ["e1.pt"]))
    assert printed.count("epoch 1/2") == (said == "begins anew")
    assert records == whole_records
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name


def test_the_clock_goes_on_and_curves_have_each_point_once(tmp_path: Path) -> None:
    class Stop(Exception): ...

    class Stopping(Technique):
        def before_step(self, step: Step) -> None:
            if step.number == STEPS + 3:
                raise Stop

    with pytest.raises(Stop):
        toy(tmp_path, [Stopping()], checkpoint_steps=2)
    state = tmp_path / "state"
    far = Progress.model_validate_json(_with_matrices(state / PROGRESS))
    assert (far.planned, len(far.epochs), [one.step for one in far.points]) == (2, 1, [10])
    content = torch.load(state / CHECKPOINT, weights_only=True)
    content["progress"]["elapsed"] = 1000.0
    torch.save(content, state / CHECKPOINT)
    toy(tmp_path, [Technique()])
    assert torch.load(state / CHECKPOINT, weights_only=True)["progress"]["elapsed"] > 1000
    toy(tmp_path / "whole", [Technique()])
    kept = [(folder / PROGRESS).read_text() for folder in (state, tmp_path / "whole/state")]
    assert kept[0] == kept[1], "as if it had not been stopped"
    points = Progress.model_validate_json(_with_matrices(state / PROGRESS)).points
    assert [one.step for one in points] == [10, 16]
    assert 1.0 < points[0].epoch < 1.5 and points[1].epoch == 2.0, "by the audio seen"


def _with_matrices(path: Path) -> str:
    """Return a toy's progress, with the spectra that all real trainings measure."""
    far = json.loads(path.read_text())
    return json.dumps({**far, "epochs": [{**one, "matrices": {}} for one in far["epochs"]]})


def test_ctc_holds_labels_back_in_training_alone() -> None:
    objective, labels = Ctc(characters("ab"), leading=3), [2, 2]
    assert not objective.fits(labels, 5) and objective.fits(labels, 6)
    assert objective.on_dev().fits(labels, 3) and not objective.on_dev().fits(labels, 2)
    assert not Ctc(characters("ab")).fits([], 0)


@pytest.mark.parametrize("precision", ["bf16-mixed", "16-mixed"])
def test_mixed_precision_trains(tmp_path: Path, precision: str) -> None:
    _, records = toy(tmp_path, [], precision=precision)
    assert records[1]["dev_loss"] < records[0]["dev_loss"]
    assert Training.model_fields["precision"].default == "32"
