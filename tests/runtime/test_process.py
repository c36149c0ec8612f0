"""Processes end with their leader, and a folder has one owner."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from processes import ends

from schatten.errors import UserError
from schatten.runtime.process import LEADER, jobs_die_with_me, locked, running_here

JOB = """
import sys, time
from schatten.runtime import process
process.die_with_parent()
print("alive", flush=True)
time.sleep(60)
"""
LEAD = """
import subprocess, sys
from schatten.runtime import process
process.jobs_die_with_me()
command = [sys.executable, "-c", sys.argv[1]]
if sys.argv[2] == "shell":
    command = ["bash", "-c", '"$0" -c "$1"; true', sys.executable, sys.argv[1]]
subprocess.run(command)
"""
OWNER = """
import sys, time
from schatten.runtime.process import locked
with locked(sys.argv[1]):
    print("owned", flush=True)
    time.sleep(60)
"""


def children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in found]


def start(script: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    assert process.stdout is not None
    process.stdout.readline()
    return process


@pytest.mark.parametrize("between", ["nothing", "shell"])
def test_a_job_ends_with_its_killed_leader(between: str) -> None:
    leader = start(LEAD, JOB, between)
    job = children(leader.pid)[0]
    if between == "shell":
        job = children(job)[0]
    leader.kill()
    leader.wait()
    assert ends(job)


def test_a_job_ends_with_its_killed_shell() -> None:
    leader = start(LEAD, JOB, "shell")
    shell = children(leader.pid)[0]
    job = children(shell)[0]
    os.kill(shell, signal.SIGKILL)
    assert ends(job)
    leader.wait()


@pytest.mark.parametrize("leader", ["1:0", f"{2**22 + 1}:5"])
def test_a_job_whose_leader_is_gone_does_not_start(leader: str) -> None:
    job = start(JOB, **{LEADER: leader})
    assert job.wait(5) == -signal.SIGKILL


def test_a_job_of_nobody_lives_on_after_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(LEADER, raising=False)
    parent = start(LEAD.replace("process.jobs_die_with_me()", ""), JOB, "shell")
    job = children(children(parent.pid)[0])[0]
    parent.kill()
    parent.wait()
    assert not ends(job, 0.5)
    os.kill(job, signal.SIGKILL)


def test_the_leader_is_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(LEADER, raising=False)
    jobs_die_with_me()
    job = start(JOB)
    assert job.poll() is None
    job.send_signal(signal.SIGINT)
    assert job.wait(5) == -signal.SIGINT


def test_a_folder_has_one_owner_and_the_message_names_it(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    owner = start(OWNER, str(folder))
    message = f"{folder} is in use by process {owner.pid}"
    with pytest.raises(UserError, match=message), locked(folder, patience=0.2):
        pass
    owner.kill()
    owner.wait()
    with locked(folder, patience=2):
        assert (folder / "lock").read_text().startswith(f"process {os.getpid()} ")


def test_a_forked_child_of_a_killed_owner_holds_no_lock(tmp_path: Path) -> None:
    script = OWNER.replace("time.sleep(60)", "import os; os.fork(); time.sleep(3)")
    owner = start(script, str(tmp_path))
    owner.kill()
    owner.wait()
    with locked(tmp_path, patience=0.5):
        pass


def test_the_owner_may_remove_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    with locked(folder):
        (folder / "lock").unlink()
        folder.rmdir()
    with locked(folder, patience=0):
        assert (folder / "lock").is_file()


def test_programs_are_seen_in_this_folder_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "bin" / "a-program"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\necho here\nread line\n")
    program.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    assert not running_here("a-program")
    with subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"here\n"
        assert running_here("a-program")
        monkeypatch.chdir("/")
        assert not running_here("a-program")
        process.kill()
