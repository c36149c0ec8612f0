"""`schatten run` on small workflows: what it shows, its exit status, and going on after a kill."""

import logging
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from processes import ends
from snakemake_interface_logger_plugins.common import LogEvent

from schatten.errors import UserError
from schatten.runtime import run as runner
from snakemake_logger_plugin_schatten import LogHandler

ROOT = Path(__file__).parents[2]
SCHATTEN = str(Path(sys.executable).parent / "schatten")
SNAKEFILE = """
from schatten.runtime import process
process.jobs_die_with_me()
rule all:
    input: "results/first.txt", "results/slow.txt"
rule first:
    output: "results/first.txt"
    log: "logs/first.log"
    shell: "echo 1 > {output} 2> {log}"
rule slow:
    input: "results/first.txt"
    output: "results/slow.txt"
    log: "logs/slow.log"
    shell: "python slow.py {output} > {log} 2>&1"
"""
SLOW = """
import sys, time
from pathlib import Path
from schatten.runtime import process
process.die_with_parent()
Path(sys.argv[1]).write_text("half")
Path("started").write_text(str(__import__("os").getpid()))
while Path("wait").exists():
    time.sleep(0.05)
Path(sys.argv[1]).write_text("whole")
"""

ELSEWHERE = """
import socket
socket.gethostname = lambda: "box1"
from schatten.cli import main
main()
"""
ON_BOX1 = (sys.executable, "-c", ELSEWHERE, "run")
"""`schatten run` on a machine of another name; a second run there would have a name of its own."""

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder with a workflow; its slow step waits while a file `wait` is there."""
    shutil.copytree(ROOT / "profiles", tmp_path / "profiles")
    (tmp_path / "Snakefile").write_text(SNAKEFILE)
    (tmp_path / "slow.py").write_text(SLOW)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def start(project: Path) -> Iterator[Start]:
    """Start a command in the project's folder; whatever still runs is killed in the end."""
    started: list[subprocess.Popen[str]] = []

    def begin(*command: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield begin
    (project / "wait").unlink(missing_ok=True)
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SCHATTEN, "run", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def cpu_seconds() -> float:
    """CPU time of the processes that were waited for, and of their children."""
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def until_the_slow_step_runs(project: Path) -> int:
    """Return its process id."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if (project / "started").exists() and (project / "started").read_text():
            return int((project / "started").read_text())
        time.sleep(0.05)
    raise AssertionError("the step did not start")


def test_steps_are_shown_and_a_second_run_does_nothing(project: Path) -> None:
    first = run("-j2")
    assert first.returncode == 0
    lines = first.stdout.splitlines()
    assert lines[0] == "[0/3] start first first.txt"
    assert lines[1].startswith("[1/3] first first.txt (")
    assert lines[-1].startswith("3 steps done in ")
    before = cpu_seconds()
    second = run()
    assert cpu_seconds() - before < 10
    assert second.stdout == "nothing to do: everything asked for is there and up to date\n"
    assert (second.returncode, (project / "results/slow.txt").read_text()) == (0, "whole")
    left = [path.name for path in (project / ".snakemake").glob("progress.*")]
    assert (left, list((project / ".snakemake/owners").glob("*.*"))) == ([], [])


def test_a_dry_run_makes_nothing(project: Path) -> None:
    dry = run("-n", "results/first.txt")
    assert dry.returncode == 0
    would, plan = dry.stdout.splitlines()
    assert would == "would run first first.txt (Missing output files)"
    assert plan == "1 step; no records tell yet how long they take"
    assert not (project / "results").exists()


def test_options_after_dashes_are_snakemakes(project: Path) -> None:
    assert run("-j1", "--", "--until", "first").returncode == 0
    assert not (project / "results/slow.txt").exists()
    wrong = run("-j1", "--", "--no-such-option")
    assert wrong.returncode != 0
    assert "--no-such-option" in wrong.stdout


def test_recipe_and_corpus_folder_reach_the_workflow(project: Path) -> None:
    with (project / "Snakefile").open("a") as file:
        file.write('\nrule say:\n    shell: "echo {config[recipe]} {config[corpus_dir]} > said"\n')
    assert run("say", "-j1", "--recipe", "own/mine", "--corpus-dir", "a/b").returncode == 0
    assert (project / "said").read_text() == "own/mine a/b\n"


def test_a_failure_shows_the_log_of_the_step_and_nothing_of_snakemake(project: Path) -> None:
    (project / "slow.py").write_text("raise SystemExit('the disc is full')\n")
    failed = run("-j1")
    assert failed.returncode == 1
    assert "  | the disc is full\n  log: logs/slow.log\n" in failed.stdout
    assert failed.stdout.splitlines()[-1].startswith("failed, 1 of 3 steps done")
    for noise in ("CalledProcessError", "Traceback", "WorkflowError", "Exiting", "profile"):
        assert noise not in failed.stdout
    (project / "slow.py").write_text(SLOW)
    assert run("-j1").returncode == 0


def test_a_step_that_leaves_out_its_output_fails(project: Path) -> None:
    (project / "slow.py").write_text("print('all is well')\n")
    failed = run("-j1", "--", "--latency-wait", "0")
    assert failed.returncode == 1
    assert "results/slow.txt (missing locally" in failed.stdout
    assert "FAILED slow slow.txt" in failed.stdout
    assert "  | all is well\n" in failed.stdout
    assert failed.stdout.splitlines()[-1].startswith("failed, 1 of 3 steps done")


@pytest.mark.parametrize("name", [".snakemake", ".snakemake/metadata", ".snakemake/owners"])
def test_a_folder_of_snakemakes_that_cannot_be_written_is_named(project: Path, name: str) -> None:
    (project / name).parent.mkdir(exist_ok=True)
    (project / name).touch()
    refused = run()
    assert refused.returncode == 1
    assert refused.stdout == (
        f"schatten: {name} cannot be written (File exists): "
        "make it a folder that you may write to\n"
    )


def test_a_full_folder_of_temporary_files_is_named(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = os.statvfs(project)
    full = os.statvfs_result((*status[:4], 3, *status[5:]))
    monkeypatch.setattr(os, "statvfs", lambda path: full if str(path) == "/dev/shm" else status)
    monkeypatch.setenv("TMPDIR", "/dev/shm")
    with pytest.raises(UserError, match=r"/dev/shm is full.*or set TMPDIR"):
        runner.run([], dry_run=True)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            "OSError: [Errno 28] No space left on device\n",
            "a file of Snakemake's own cannot be written (its disk is full)",
        ),
        (
            "Error recording metadata for a job ([Errno 28] No space left on device). Please",
            "a file of Snakemake's own cannot be written (its disk is full)",
        ),
        (
            "PermissionError: [Errno 13] Permission denied: '/a/b'",
            "/a/b cannot be written (Permission denied)",
        ),
    ],
)
def test_snakemakes_own_failures_to_write_are_one_sentence(
    capsys: pytest.CaptureFixture[str], error: str, said: str
) -> None:
    settings = SimpleNamespace(nocolor=True, dryrun=False)
    handler = LogHandler(common_settings=settings, settings=None)
    message = f"Traceback (most recent call last):\n  File x\n{error}"
    record = logging.LogRecord("snakemake", logging.ERROR, "", 0, message, (), None)
    record.event = LogEvent.ERROR
    handler.emit(record)
    handler.close()
    shown = capsys.readouterr().out
    assert shown == f"{said}: mend that; the same command goes on\n"


def test_a_folder_without_a_workflow_is_refused(project: Path) -> None:
    (project / "Snakefile").unlink()
    refused = run()
    assert refused.returncode == 1
    assert refused.stdout.startswith(f"schatten: {project} has no Snakefile")
    assert not (project / ".snakemake").exists()


@pytest.mark.parametrize("owner", [(SCHATTEN, "run"), ON_BOX1])
def test_a_killed_run_takes_its_steps_along_and_the_next_one_goes_on(
    project: Path, start: Start, owner: tuple[str, ...]
) -> None:
    (project / "wait").touch()
    killed = start(*owner, "-j2")
    step = until_the_slow_step_runs(project)
    killed.kill()
    killed.wait()
    assert ends(step)
    assert (project / "results/slow.txt").read_text() == "half"
    assert list((project / ".snakemake/locks").iterdir())
    (project / "wait").unlink()
    next_one = run("-j2")
    assert next_one.returncode == 0, next_one.stdout
    assert next_one.stdout.startswith("a run was killed and left its lock: lifted\n")
    assert "first.txt" not in next_one.stdout
    assert (project / "results/slow.txt").read_text() == "whole"
    assert not list((project / ".snakemake/owners").glob("*.*"))


def test_a_killed_snakemake_takes_its_steps_along(project: Path, start: Start) -> None:
    (project / "wait").touch()
    killed = start(sys.executable, "-m", "snakemake", "-j2")
    step = until_the_slow_step_runs(project)
    killed.kill()
    killed.wait()
    assert ends(step)
    refused = run("-j2")
    assert refused.returncode == 1
    assert "another run is at work on these results" in refused.stdout
    (project / "wait").unlink()
    subprocess.run([sys.executable, "-m", "snakemake", "--unlock"], check=True)
    subprocess.run([sys.executable, "-m", "snakemake", "-j2"], check=True)
    assert (project / "results/slow.txt").read_text() == "whole"


@pytest.mark.parametrize(
    "owner", [(SCHATTEN, "run"), (SCHATTEN, "run", "-j1", "--", "-q"), ON_BOX1]
)
def test_the_lock_of_a_living_owner_is_respected(
    project: Path, start: Start, owner: tuple[str, ...]
) -> None:
    (project / "wait").touch()
    living = start(*owner)
    until_the_slow_step_runs(project)
    refused = run("-j2")
    assert refused.returncode == 1
    assert "another run is at work on these results" in refused.stdout
    (project / "wait").unlink()
    assert living.wait(20) == 0
    assert (project / "results/slow.txt").read_text() == "whole"


def test_the_lock_of_a_living_snakemake_is_respected_beside_a_dead_owner(
    project: Path, start: Start
) -> None:
    (project / "wait").touch()
    killed = start(SCHATTEN, "run", "-j2")
    assert ends(_killed(project, killed))
    subprocess.run([sys.executable, "-m", "snakemake", "--unlock"], check=True)
    living = start(str(Path(sys.executable).parent / "snakemake"), "-j2")
    until_the_slow_step_runs(project)
    refused = run("-j2")
    assert refused.returncode == 1
    assert "another run is at work on these results" in refused.stdout
    (project / "wait").unlink()
    assert living.wait(20) == 0


def _killed(project: Path, run: subprocess.Popen[str]) -> int:
    """Kill a run in its slow step; return the step's process."""
    step = until_the_slow_step_runs(project)
    run.kill()
    run.wait()
    (project / "started").unlink()
    return step


def test_ctrl_c_ends_the_run_and_its_steps(project: Path, start: Start) -> None:
    (project / "wait").touch()
    stopped = start(SCHATTEN, "run", "-j2")
    step = until_the_slow_step_runs(project)
    os.killpg(stopped.pid, signal.SIGINT)
    output, _ = stopped.communicate(timeout=20)
    assert (stopped.returncode, ends(step)) == (130, True)
    assert output.splitlines()[-1] == "stopped; the same command goes on"
    assert "FAILED" not in output
    assert "Traceback" not in output
    assert not list((project / ".snakemake").glob("locks/*"))
    (project / "wait").unlink()
    assert run("-j2").returncode == 0
