"""One verb as several processes, on this machine or over the nodes of a Slurm job.

The verb that a person or the workflow starts only starts the processes and waits: each of them
runs the same command and finds its place with `place()`.
"""

import os
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import dataclass

from schatten.runtime import process, progress

_COUNT = "SCHATTEN_PROCESSES"
"""Environment variable of the started processes: their number."""

_OF_OTHERS = ("LOCAL_RANK", "NODE_RANK", "GROUP_RANK", "RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE")
"""Variables by which other programs tell processes apart; what is left of them is not ours."""

_ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


@dataclass(frozen=True)
class Place:
    """The index of this process, and the number of processes."""

    rank: int = 0
    count: int = 1
    nodes: int = 1
    """Number of machines; each runs the same number of processes."""


def place() -> Place:
    """Return this process's place; a verb that was started alone is the only one."""
    count = int(os.environ.get(_COUNT, "1"))
    if count == 1:
        return Place()
    if "LOCAL_RANK" not in os.environ:
        os.environ["LOCAL_RANK"] = os.environ["SLURM_LOCALID"]
        os.environ["NODE_RANK"] = os.environ["SLURM_NODEID"]
    node, local = int(os.environ["NODE_RANK"]), int(os.environ["LOCAL_RANK"])
    nodes = int(os.environ["SLURM_NNODES"]) if in_slurm() else 1
    return Place(node * (count // nodes) + local, count, nodes)


def spread(processes: int) -> int | None:
    """Run this command as `processes` processes; return the exit status, 0 if all went well.

    Returns None in a process that must do the work itself: in each process that was started, and
    if only one is asked for. Only the first one's standard output is kept.
    """
    if processes == 1 or _COUNT in os.environ:
        if place().rank > 0:
            sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115
        return None
    environment = {
        **{name: value for name, value in os.environ.items() if name not in _OF_OTHERS},
        _COUNT: str(processes),
        "MASTER_ADDR": socket.gethostname() if in_slurm() else "127.0.0.1",
        "MASTER_PORT": str(_free_port()),
        progress.LOG: progress.own_log(),
    }
    start = _by_slurm if in_slurm() else _here
    return start(processes, environment)


def run_module(module: str, *arguments: str, tasks: int) -> subprocess.CompletedProcess[str]:
    """Run `python -m MODULE ARGUMENTS` with one thread, and return the completed process.

    In a Slurm job of several `tasks` it runs where the job has a CPU free, on any of its nodes.
    """
    command = [sys.executable, "-m", module, *arguments]
    environment = {**os.environ, **_ONE_THREAD}
    if tasks > 1 and in_slurm():
        environment.pop(process.LEADER, None)
        command = ["srun", "--nodes=1", "--ntasks=1", "--exact", "--mem=0", *command]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def in_slurm() -> bool:
    """Tell whether this process belongs to a Slurm job.

    A container keeps the variables of the job that started it, but cannot start others in it.
    """
    return "SLURM_JOB_ID" in os.environ and shutil.which("srun") is not None


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("", 0))
        return int(one.getsockname()[1])


def _command() -> list[str]:
    return [sys.executable, *sys.orig_argv[1:]]


def _by_slurm(processes: int, environment: dict[str, str]) -> int:
    """Let Slurm start the processes in its job; they end with the job."""
    environment.pop(process.LEADER, None)
    srun = ["srun", f"--ntasks={processes}", "--distribution=block", "--kill-on-bad-exit=1"]
    return subprocess.run([*srun, *_command()], env=environment, check=False).returncode


def _here(processes: int, environment: dict[str, str]) -> int:
    """Start the processes on this machine; they end with this one, and all when one fails."""
    process.jobs_die_with_me()
    environment |= {name: os.environ[name] for name in (process.LEADER,) if name in os.environ}
    running = [
        subprocess.Popen(_command(), env={**environment, "NODE_RANK": "0", "LOCAL_RANK": str(rank)})
        for rank in range(processes)
    ]
    while True:
        ended = [one.poll() for one in running]
        failed = [status for status in ended if status]
        if failed:
            for one in running:
                one.kill()
            return failed[0]
        if None not in ended:
            return 0
        time.sleep(0.1)
