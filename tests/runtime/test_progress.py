"""The progress of a process is found by the log it writes to."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from schatten.runtime.progress import FOLDER, Progress, read

WORK = """
import time
from schatten.runtime.progress import report
for batch in range(1, 1001):
    report("stage 1", batch=batch, batches=1000, epoch=2, epochs=4, loss=1 / batch)
time.sleep(0.6)
report("stage 1", batch=1000, batches=1000, epoch=2, epochs=4, loss=0.5)
"""


def work(log: Path, **environment: str) -> None:
    with log.open("w") as output:
        subprocess.run(
            [sys.executable, "-c", WORK],
            stdout=output,
            stderr=subprocess.STDOUT,
            check=True,
            env={**os.environ, **environment},
        )


def test_progress_is_found_by_the_log(tmp_path: Path) -> None:
    log = tmp_path / "train.log"
    work(log, **{FOLDER: str(tmp_path)})
    seen = read(tmp_path)[str(log)]
    assert seen == Progress("stage 1", batch=1000, batches=1000, epoch=2, epochs=4, loss=0.5)
    assert seen.share == 0.5
    assert log.read_text() == ""


def test_a_folder_that_is_gone_disturbs_no_work(tmp_path: Path) -> None:
    log = tmp_path / "train.log"
    work(log, **{FOLDER: str(tmp_path / "gone")})
    assert log.read_text() == ""
    assert not (tmp_path / "gone").exists()


def test_nothing_is_written_where_nobody_watches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(FOLDER, raising=False)
    monkeypatch.chdir(tmp_path)
    work(tmp_path / "train.log")
    assert [path.name for path in tmp_path.iterdir()] == ["train.log"]


def test_files_are_whole_json(tmp_path: Path) -> None:
    work(tmp_path / "train.log", **{FOLDER: str(tmp_path)})
    (path,) = tmp_path.glob("*.json")
    assert json.loads(path.read_text())["step"] == "stage 1"
    assert not list(tmp_path.glob("*.part"))
