"""Hypotheses of training speech, made in shards: killed, resumed, by several processes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
import toy_recognition
from processes import ends
from toy_recognition import SHARDS, recognise, trained

from schatten import models
from schatten.errors import UserError
from schatten.runtime.files import read_jsonl
from schatten.train import recognition
from schatten.units import characters
from schatten.units.spelled import SpelledUnits

ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hold features of 40 utterances and a trained model, with their hypotheses: `whole.jsonl`."""
    folder = tmp_path_factory.mktemp("spoken")
    before = Path.cwd()
    os.chdir(folder)
    try:
        trained(folder)
    finally:
        os.chdir(before)
    recognise(folder, folder / "whole.jsonl.gz")
    return folder


def leftovers(folder: Path) -> list[Path]:
    return list(folder.glob(".hypotheses-*"))


def test_each_utterance_has_its_hypotheses_in_the_order_of_the_split(spoken: Path) -> None:
    head, *rows = read_jsonl(spoken / "whole.jsonl.gz")
    cuts = read_jsonl(spoken / "train.cuts.jsonl.gz")
    assert [row["id"] for row in rows] == [cut["id"] for cut in cuts]
    assert set(head["log_probabilities"]) == {
        word for cut in cuts for word in cut["supervisions"][0]["text"].split()
    }
    lists = [row["best"] for row in rows]
    assert all(len(set(one)) == len(one) <= toy_recognition.HOW.hypotheses for one in lists)
    assert sum(len(one) > 1 for one in lists) > 20, "there is something to compare"
    assert not list(spoken.glob(".whole-*")), "no shard is left"


def test_killed_inside_a_shard_it_goes_on_to_the_same_bytes(
    spoken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGKILL at the twentieth utterance: the first shard stays, the second one is made again."""
    output = tmp_path / "hypotheses.jsonl.gz"
    command = [sys.executable, toy_recognition.__file__, str(spoken), str(output), "19"]
    run = subprocess.run(command, capture_output=True, text=True, check=False, env=ENVIRONMENT)
    assert run.returncode == -signal.SIGKILL, run.stderr
    (work,) = leftovers(tmp_path)
    assert [path.name for path in work.glob("*.jsonl")] == [f"{SHARDS[0]:09d}.jsonl"]
    assert not output.exists()

    made, make = [], recognition.recognise_shard
    monkeypatch.setattr(
        recognition,
        "recognise_shard",
        lambda shard: (made.append(shard.first), make(shard)),
    )
    found = recognise(spoken, output)
    assert made == list(SHARDS[1:]), "what is there is not made again"
    assert output.read_bytes() == (spoken / "whole.jsonl.gz").read_bytes()
    assert found.utterances == 40 and found.best_errors >= found.oracle_errors
    assert not leftovers(tmp_path)


def test_shards_of_other_settings_are_not_used(
    spoken: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "hypotheses.jsonl.gz"

    class Stop(Exception): ...

    def stopped(shard: recognition.Shard) -> None:
        if shard.first > 0:
            raise Stop
        make(shard)

    make = recognition.recognise_shard
    monkeypatch.setattr(recognition, "recognise_shard", stopped)
    with pytest.raises(Stop):
        recognise(spoken, output)
    monkeypatch.setattr(recognition, "recognise_shard", make)
    monkeypatch.setattr(recognition, "SHARD", 20)
    recognise(spoken, output)
    assert output.read_bytes() == (spoken / "whole.jsonl.gz").read_bytes()
    assert [path.name for work in leftovers(tmp_path) for path in work.glob("*.jsonl")] == [
        f"{SHARDS[0]:09d}.jsonl"
    ]


def test_processes_and_threads_change_no_byte_though_killed(spoken: Path, tmp_path: Path) -> None:
    """Three processes for three shards die with the workflow that started them."""
    output = tmp_path / "hypotheses.jsonl.gz"
    script = (
        "import sys, toy_recognition; from pathlib import Path; "
        "from schatten.runtime.process import jobs_die_with_me; jobs_die_with_me(); "
        "toy_recognition.recognise(*map(Path, sys.argv[1:]), jobs=3)"
    )
    command = [sys.executable, "-c", script, str(spoken), str(output)]
    killed = subprocess.Popen(command, env={**ENVIRONMENT, "OMP_NUM_THREADS": "3"})
    children = wait_for_children(killed.pid, 3)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    assert all(ends(child, 120) for child in children), "at the latest once all is imported"
    assert not output.exists()
    (work,) = leftovers(tmp_path)
    given = sorted(path.name for path in work.glob("0*.json"))
    assert given == [f"{first:09d}.json" for first in SHARDS], "each process had its shard"
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        recognise(spoken, output, jobs=3)
    finally:
        torch.set_num_threads(threads)
    assert output.read_bytes() == (spoken / "whole.jsonl.gz").read_bytes()
    assert not leftovers(tmp_path)


def wait_for_children(pid: int, count: int) -> list[int]:
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline:
        tasks = Path(f"/proc/{pid}/task").glob("*/children")
        found = [int(child) for task in tasks for child in task.read_text().split()]
        if len(found) == count:
            return found
        time.sleep(0.005)
    raise AssertionError(f"{count} processes were not started")


def test_a_model_of_other_units_is_refused(spoken: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"model.pt writes other units than --units"):
        recognition.recognise(
            spoken / "model.pt",
            spoken / "train.cuts.jsonl.gz",
            SpelledUnits(characters("abc"), None),
            toy_recognition.HOW,
            (1, 1),
            tmp_path / "hypotheses.jsonl.gz",
        )
    assert models.load(spoken / "model.pt").units == characters("ab")


def test_a_model_of_no_numbers_is_named(spoken: Path, tmp_path: Path) -> None:
    model = models.load(spoken / "model.pt")
    with torch.no_grad():
        model.output.weight.fill_(3e38)  # the logits overflow
    models.save(model, tmp_path / "model.pt")
    with pytest.raises(
        UserError, match=r"model.pt finds log-probabilities that are no numbers in train0"
    ):
        recognition.recognise(
            tmp_path / "model.pt",
            spoken / "train.cuts.jsonl.gz",
            SpelledUnits.of_characters("ab"),
            toy_recognition.HOW,
            (1, 1),
            tmp_path / "hypotheses.jsonl.gz",
        )
