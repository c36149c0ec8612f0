"""A training over two processes (gloo) is the training of one process with the same batches."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from lhotse import CutSet
from processes import ends
from small_data import (
    CONVOLUTIONAL,
    assert_same_training,
    training_verb,
    write_data,
    write_split,
)

from schatten.features.store import read_features
from schatten.runtime.launch import Place
from schatten.train.data import Utterances
from schatten.train.targets import Targets
from schatten.units import characters
from schatten.units.spelled import SpelledUnits


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The verb on made-up data, in its folder."""
    monkeypatch.chdir(tmp_path)
    return training_verb(tmp_path)


def test_two_processes_train_as_one_does_though_killed(command: list[str]) -> None:
    subprocess.run([*command, "--output", "one/model.pt"], check=True, capture_output=True)
    two = [*command, "--processes", "2", "--output", "two/model.pt"]
    killed = subprocess.Popen(two)
    wait_for_a_checkpoint()
    children = children_of(killed.pid)
    assert len(children) == 2
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    assert all(ends(child) for child in children)
    assert not Path("two").exists()
    assert (
        subprocess.run(two, check=True, capture_output=True, text=True).stdout.count("epoch") == 2
    )

    assert_same_training(Path("one"), Path("two"))
    assert not list(Path("state").iterdir())


def wait_for_a_checkpoint() -> None:
    deadline = time.monotonic() + 900
    while not list(Path("state").glob("*/last.ckpt")):
        assert time.monotonic() < deadline, "no checkpoint came"
        time.sleep(0.005)


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_a_process_that_fails_ends_the_others(command: list[str]) -> None:
    damaged = Path(command[command.index("--statistics") + 1])
    damaged.write_text(damaged.read_text().replace("1.0", "0.0"))
    run = subprocess.run(
        [*command, "--processes", "2", "--output", "model.pt"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert "the loss is nan at step 0, at the utterances " in run.stderr
    assert "utterances  (" not in run.stderr, "each process names the utterances of all"
    assert not Path("model.pt").exists()


EVALUATE = """
import sys
from pathlib import Path

import torch
from small_data import write_split
from schatten import models
from schatten.features.store import read_features
from schatten.recipe.models import DeepSpeech2
from schatten.runtime import launch
from schatten.train.data import scoring_loader
from schatten.train.evaluation import evaluate
from schatten.train.fabric import started
from schatten.train.objectives import Ctc
from schatten.train.targets import Targets
from schatten.units import characters
from schatten.units.spelled import SpelledUnits

status = launch.spread(int(sys.argv[1]))  # an srun that is not there is not asked for
if status is not None:
    sys.exit(status)
settings, units = DeepSpeech2.model_validate(CONVOLUTIONAL), characters("ab")
torch.set_num_threads(1)
torch.manual_seed(1)
model = models.build(settings, units, "partial")
cuts = read_features(Path(sys.argv[2]))
with started("32") as fabric:
    fabric.setup(model, torch.optim.Adam(model.parameters()))
    for seconds in (2.0, 20.0):
        loader = scoring_loader(cuts, Targets(SpelledUnits(units, None)), seconds, launch.place())
        batches = list(loader)
        found = evaluate(fabric, model, Ctc(units), batches)
        assert model.training
        print(found["dev_loss"], found["dev_cer"], len(batches))
"""


LEFT = {
    "PATH": "/nonexistent",
    "SLURM_JOB_ID": "1",
    "SLURM_PROCID": "3",
    "SLURM_NNODES": "2",
    "LOCAL_RANK": "2",
    "NODE_RANK": "1",
    "RANK": "3",
    "WORLD_SIZE": "4",
}
"""What a job that is over has left in the environment of a container, where there is no srun."""


def test_dev_batches_need_not_go_round(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three processes on two dev batches and on one: the losses of one process, and none waits."""
    monkeypatch.chdir(tmp_path)
    cuts = write_split(tmp_path, "dev", 8, 2)
    script = tmp_path / "evaluate.py"
    script.write_text(EVALUATE.replace("CONVOLUTIONAL", repr(CONVOLUTIONAL)))
    rows = []
    for processes in ("1", "3"):
        run = subprocess.run(
            [sys.executable, str(script), processes, str(cuts)],
            env={**os.environ, **LEFT, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=False,
            timeout=900,
        )
        assert run.returncode == 0, run.stderr
        rows.append([[float(value) for value in line.split()] for line in run.stdout.splitlines()])
    assert [row[2] for row in rows[0]] == [2, 1]
    assert [row[2] for row in rows[1]] == [1, 1]  # of the first process; others have 1 and none
    for alone, shared in zip(*rows, strict=True):
        assert shared[:2] == pytest.approx(alone[:2], rel=1e-6)


def test_shares_make_up_the_batch_and_none_is_empty(tmp_path: Path) -> None:
    (train, _), _, _ = write_data(tmp_path)
    cuts = CutSet.from_cuts(list(read_features(train))[:3])
    targets = Targets(SpelledUnits(characters("ab"), None))
    shares = [Utterances(targets, Place(rank, 2))[cuts] for rank in range(2)]
    assert sorted(name for share in shares for name in share.ids) == sorted(cuts.ids)
    assert all(share.utterances == 3 for share in shares)
    assert {share.seconds for share in shares} == {sum(cut.duration for cut in cuts)}
    stand_in = Utterances(targets, Place(1, 2))[cuts.subset(first=1)]
    assert stand_in.ids == [] and stand_in.lengths.tolist() == [0]
    assert stand_in.utterances == 1
