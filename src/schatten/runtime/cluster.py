"""Slurm jobs that a killed run left behind: their names say which run they belong to."""

import re
import shutil
import subprocess
import time
from pathlib import Path

from schatten.errors import UserError

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


def _jobs(owner: str) -> list[str]:
    """Return the ids of a run's jobs that have not ended."""
    if shutil.which("squeue") is None:
        return []
    query = ["squeue", "--me", "--noheader", "--format=%A %j %Z"]
    said = subprocess.run(query, capture_output=True, text=True, check=False).stdout
    rows = [line.strip().split(" ", 2) for line in said.splitlines()]
    name, here = f"{job_name(owner)}_", str(Path.cwd())
    return [row[0] for row in rows if row[1].startswith(name) and row[2] == here]
