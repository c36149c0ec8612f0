"""Nodes of the cluster that `scripts/local_slurm.py` starts: what runs on them, and their death."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

NODES = ("node1", "node2")
"""The nodes of `make test-slurm`: two daemons on this machine."""


def _lines(*command: str) -> list[list[str]]:
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [line.split() for line in done.stdout.splitlines()]


def nodes_of_steps(job: str) -> set[str]:
    """Return the nodes on which a job has steps, those of `srun`, now."""
    rows = _lines("squeue", "--me", "--noheader", "--steps", "--format=%i %N")
    found = [(step.partition("."), node) for step, node in rows]
    return {node for (of, _, number), node in found if of == job and number.isdigit()}


def job_of(job: str) -> dict[str, str]:
    """Return what Slurm says of a job: `JobState`, `NodeList`, `Restarts` and others."""
    (words,) = _lines("scontrol", "--oneliner", "show", "job", job)
    pairs = (word.partition("=") for word in words)
    return {name: value for name, _, value in pairs}


def has_started_again(job: str, without: str) -> bool:
    """Tell whether a job was started once more, on another node than `without`."""
    found = job_of(job)
    return (
        int(found["Restarts"]) >= 1
        and found["JobState"] in ("RUNNING", "COMPLETED")
        and found["NodeList"] != without
    )


def kill(node: str) -> None:
    """Kill all that a node of this cluster runs, as if it lost its power.

    The daemon dies first and jobs last: who still lived would report how the others ended.
    """
    pids = [int(path.name) for path in Path("/proc").glob("[0-9]*")]
    jobs = [pid for pid in pids if _is_of_job(pid, node)]
    daemons = [pid for pid in pids if _words(pid, "cmdline")[:4] == ["slurmd", "-D", "-N", node]]
    steps = {above for pid in jobs for above in _ancestors(pid) if _is_step(above)}
    assert daemons and steps, f"{node} runs nothing"
    for pid in [*daemons, *sorted(steps), *jobs]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def revive(node: str) -> subprocess.Popen[bytes]:
    """Start the daemon of a node that was killed; it ends with this process."""
    home = Path(os.environ["SLURM_CONF"]).parent
    with (home / f"slurmd.{node}.again.out").open("wb") as output:
        return subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", "slurmd", "-D", "-N", node],
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def is_idle(node: str) -> bool:
    """Tell whether a node answers and runs nothing."""
    return [node] in _lines("sinfo", "--noheader", "--Node", "--states=idle", "--format=%N")


def _is_of_job(pid: int, node: str) -> bool:
    of = {f"SLURMD_NODENAME={node}", f"SLURM_CONF={os.environ['SLURM_CONF']}"}
    return of <= set(_words(pid, "environ"))


def _is_step(pid: int) -> bool:
    return _words(pid, "cmdline")[0].startswith("slurmstepd")


def _words(pid: int, name: str) -> list[str]:
    """Return the words of a process's command line or environment; one empty word if it is gone."""
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return [""]


def _ancestors(pid: int) -> Iterator[int]:
    while pid > 1:
        try:
            stat = Path(f"/proc/{pid}/stat").read_text()
        except OSError:
            return
        pid = int(stat.rpartition(")")[2].split()[1])
        yield pid
