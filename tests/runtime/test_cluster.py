"""What is left of Slurm's jobs on this machine, with a stand-in for squeue."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from schatten.runtime import cluster

WAITS = "import sys; print('here', flush=True); sys.stdin.read()"


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Start a process for each of two jobs, and one that is of no job."""
    started = {}
    for job in ("7", "8", ""):
        with monkeypatch.context() as patch:
            patch.delenv("SLURM_JOB_ID", raising=False)
            if job:
                patch.setenv("SLURM_JOB_ID", job)
            command = [sys.executable, "-c", WAITS]
            pipe = subprocess.PIPE
            started[job] = subprocess.Popen(command, stdin=pipe, stdout=pipe)
        assert started[job].stdout.readline() == b"here\n"  # type: ignore[union-attr]
    yield started
    for process in started.values():
        process.kill()
        process.communicate()


def answer(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Let squeue be a script, before all other programs."""
    (folder / "squeue").write_text(f"#!/bin/sh\n{script}\n")
    (folder / "squeue").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")


def test_processes_of_jobs_that_have_ended_are_killed(
    jobs: dict[str, subprocess.Popen[bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer(tmp_path, monkeypatch, "echo '8 a-job /folder'")
    cluster.end_remains(process.pid for process in jobs.values())
    assert jobs["7"].wait(10) == -9
    assert jobs["8"].poll() is None
    assert jobs[""].poll() is None


@pytest.mark.parametrize("script", ["exit 1", ""])
def test_nothing_is_killed_while_slurm_does_not_answer(
    jobs: dict[str, subprocess.Popen[bytes]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    script: str,
) -> None:
    if script:
        answer(tmp_path, monkeypatch, script)
    else:
        monkeypatch.setenv("PATH", str(tmp_path))
    cluster.end_remains(process.pid for process in jobs.values())
    assert all(process.poll() is None for process in jobs.values())
