"""A script of the workflow, and what it started, ends when the workflow is killed."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from processes import ends
from project import ROOT

FOLLOW = ROOT / "scripts/follow.py"
LEAD = """
import subprocess, sys
from schatten.runtime import process
process.jobs_die_with_me()
subprocess.run(["bash", "-c", '"$@"; true', "shell", *sys.argv[1:]])
"""
SCRIPT = """#!/usr/bin/env bash
echo $$ > script.pid
sleep 60 & echo $! > compiler.pid
wait
"""


def read(path: Path) -> int:
    deadline = time.monotonic() + 20
    while not (path.exists() and path.read_text().strip()):
        assert time.monotonic() < deadline, f"{path.name} was not written"
        time.sleep(0.02)
    return int(path.read_text())


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_script_ends_with_its_killed_workflow(tmp_path: Path, number: int) -> None:
    (tmp_path / "script.sh").write_text(SCRIPT)
    command = [sys.executable, str(FOLLOW), "bash", "script.sh"]
    workflow = subprocess.Popen([sys.executable, "-c", LEAD, *command], cwd=tmp_path)
    pids = [read(tmp_path / name) for name in ("script.pid", "compiler.pid")]
    workflow.send_signal(number)
    workflow.wait()
    assert all(ends(pid) for pid in pids)


def test_the_engine_is_built_so() -> None:
    """`scripts/build_engine.sh` gives itself to it in a workflow, and ends with its status."""
    status = subprocess.run(
        [ROOT / "scripts/build_engine.sh", "--target", "z80"],
        env={**os.environ, "SCHATTEN_LEADER": f"{os.getpid()}:{started()}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (status.returncode, "no target 'z80'" in status.stderr) == (1, True)
    late = subprocess.run(
        [sys.executable, str(FOLLOW), "true"],
        env={**os.environ, "SCHATTEN_LEADER": "1:0"},
        check=False,
    )
    assert late.returncode == 1, "its workflow has ended: it does not begin"


@pytest.mark.parametrize(("command", "status"), [("exit 7", 7), ("kill -9 $$", 137), ("true", 0)])
def test_its_status_is_that_of_the_command(command: str, status: int) -> None:
    done = subprocess.run([sys.executable, str(FOLLOW), "bash", "-c", command], check=False)
    assert done.returncode == status


def started() -> str:
    return Path(f"/proc/{os.getpid()}/stat").read_text().rpartition(")")[2].split()[19]
