"""Slurm jobs that a killed run left behind: their names say which run they belong to."""

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from schatten.errors import UserError
from schatten.runtime import process

_PATIENCE = 120.0
"""Seconds in which cancelled jobs must end."""


def job_name(owner: str) -> str:
    """Return the prefix of the names of a run's Slurm jobs; `owner` is its `HOST.PID`."""
    return re.sub("[^A-Za-z0-9-]", "-", owner)[-50:]


def cancel_jobs(owner: str) -> bool:
    """Cancel the jobs that a dead run of this folder has in Slurm, and wait for their end.

    Returns whether there were any. Errors: `UserError` if the jobs do not end.
    """
    if not (jobs := _jobs(owner)):
        return False
    print(f"a run was killed and left {len(jobs)} jobs in Slurm: cancelled")
    subprocess.run(["scancel", *jobs], check=False)
    deadline = time.monotonic() + _PATIENCE
    while jobs := _jobs(owner):
        if time.monotonic() > deadline:
            raise UserError(
                f"Slurm's jobs {', '.join(jobs)}, left by a killed run, do not end: see `squeue "
                "--me`, and run again when they are gone"
            )
        time.sleep(1.0)
    return True


def end_remains(processes: Iterable[int]) -> None:
    """Kill those processes of this machine whose Slurm job has ended.

    A cancelled Snakemake may hang in its own handling of SIGTERM. Slurm loses a process whose
    parent has died, where it tracks them by their parents (proctrack/linuxproc).
    """
    jobs = {pid: process.variable_of(pid, "SLURM_JOB_ID") for pid in processes}
    if not any(jobs.values()) or (queue := _queue()) is None:
        return
    queued = {row[0] for row in queue}
    for pid, job in jobs.items():
        if job is not None and job not in queued:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _jobs(owner: str) -> list[str]:
    """Return the ids of a run's jobs that have not ended."""
    name, here = f"{job_name(owner)}_", str(Path.cwd())
    return [row[0] for row in _queue() or [] if row[1].startswith(name) and row[2] == here]


def _queue() -> list[list[str]] | None:
    """Return id, name and folder of the user's jobs that have not ended; None if Slurm is mute."""
    if shutil.which("squeue") is None:
        return None
    query = ["squeue", "--me", "--noheader", "--format=%A %j %Z"]
    done = subprocess.run(query, capture_output=True, text=True, check=False)
    rows = [line.strip().split(" ", 2) for line in done.stdout.splitlines()]
    return rows if done.returncode == 0 else None
