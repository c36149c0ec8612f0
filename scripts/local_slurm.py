"""Runs a command beside a Slurm cluster on loopback, until it ends: this machine as all its nodes.

    python scripts/local_slurm.py [--nodes N] [--cpus N] [--or-skip] -- COMMAND...

It needs Debian's slurm-wlm and munge, no systemd and no root. Everything that the daemons write
lies in a temporary folder, on ports of their own, so other Slurms of the machine see nothing of
it; the command finds it through SLURM_CONF. The daemons end with this process, however it ends.
Where they are missing or do not answer, it prints what they said and fails; with --or-skip it
says that the command was skipped.
"""

import argparse
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType

CONFIGURATION = r"""ClusterName=schatten
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort={port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={home}/munge.socket,cred_expire={again}
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory,CR_LLN
SchedulerType=sched/builtin
SchedulerParameters=sched_interval=5
SlurmdParameters=config_overrides
ReturnToService=2
SlurmdTimeout=30
MinJobAge=3600
DefMemPerCPU=1000
KillWait=5
StateSaveLocation={home}/state
SlurmdSpoolDir={home}/spool.%n
SlurmctldPidFile={home}/slurmctld.pid
SlurmdPidFile={home}/slurmd.%n.pid
SlurmctldLogFile={home}/slurmctld.log
SlurmdLogFile={home}/slurmd.%n.log
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""
NODE = (
    "NodeName={name} NodeHostname=localhost NodeAddr=127.0.0.1 Port={port} "
    "CPUs={cpus} RealMemory={memory}\n"
)
AGAIN = 20
"""Seconds after which jobs of a lost node start again: Slurm waits as long as credentials live."""
MEMORY_MB = 1_000_000
"""What the node says it has: jobs ask for more than they need, and nothing is enforced here."""
PROGRAMS = ("munged", "slurmctld", "slurmd", "setpriv")
PATIENCE = 60.0
"""Seconds in which the daemons have to answer."""


def main() -> int:
    """Run the command of the command line; return its exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nodes", type=int, default=1, help="nodes; each has a slurmd")
    parser.add_argument("--cpus", type=int, default=16, help="CPUs that each node says it has")
    parser.add_argument("--or-skip", action="store_true", help="succeed where no cluster starts")
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    os.environ["PATH"] += os.pathsep + "/usr/sbin"
    signal.signal(signal.SIGTERM, _stop)
    try:
        return _run(arguments.command, arguments.nodes, arguments.cpus)
    except NoClusterError as error:
        print(f"no Slurm cluster: {error}", file=sys.stderr)
        if arguments.or_skip:
            print(f"SKIPPED {' '.join(arguments.command)}: {error}")
        return 0 if arguments.or_skip else 1


class NoClusterError(Exception):
    """No cluster can be started on this machine; the message says why."""


def _run(command: list[str], nodes: int, cpus: int) -> int:
    if missing := [name for name in PROGRAMS if not shutil.which(name)]:
        raise NoClusterError(f"{', '.join(missing)} not found; apt-get install slurm-wlm munge")
    with tempfile.TemporaryDirectory(prefix="slurm.") as folder:
        daemons: list[subprocess.Popen[bytes]] = []
        try:
            _start(Path(folder), nodes, cpus, daemons)
            return subprocess.run(command, check=False).returncode
        finally:
            _end(daemons, nodes)


def _stop(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


def _start(home: Path, nodes: int, cpus: int, daemons: list[subprocess.Popen[bytes]]) -> None:
    """Start munged, slurmctld and a slurmd for each node below `home`, and wait for idle nodes."""
    home.chmod(0o755)
    names = [f"node{number}" for number in range(1, nodes + 1)]
    for name in ("state", *(f"spool.{node}" for node in names)):
        (home / name).mkdir()
    key = home / "munge.key"
    key.write_bytes(os.urandom(128))
    key.chmod(0o600)
    user = pwd.getpwuid(os.getuid()).pw_name
    configuration = home / "slurm.conf"
    controller, *ports = _ports(1 + nodes)
    text = CONFIGURATION.format(home=home, user=user, port=controller, again=AGAIN)
    for name, port in zip(names, ports, strict=True):
        text += NODE.format(name=name, port=port, cpus=cpus, memory=MEMORY_MB)
    configuration.write_text(text)
    os.environ["SLURM_CONF"] = str(configuration)
    _make_srun(home / "bin")
    munge = [f"--{name}={home}/munge.{name.split('-')[0]}" for name in _MUNGE_FILES]
    daemons.append(_daemon(home, "munged", "munged", "--foreground", *munge))
    _wait(home, "munge", ["munge", "-n", "-S", f"{home}/munge.socket"])
    daemons.append(_daemon(home, "slurmctld", "slurmctld", "-D"))
    daemons += [_daemon(home, f"slurmd.{name}", "slurmd", "-D", "-N", name) for name in names]
    for name in names:
        idle = ["sinfo", "--noheader", "--Node", "--states=idle", "--format=%N"]
        _wait(home, "slurm", idle, name)


def _make_srun(folder: Path) -> None:
    """Put an srun on the path that finds the cluster in jobs that drop SLURM_CONF."""
    folder.mkdir()
    program = folder / "srun"
    line = f'SLURM_CONF={os.environ["SLURM_CONF"]} exec {shutil.which("srun")} "$@"'
    program.write_text(f"#!/bin/sh\n{line}\n")
    program.chmod(0o755)
    os.environ["PATH"] = os.pathsep.join([str(folder), os.environ["PATH"]])


_MUNGE_FILES = ("socket", "key-file", "pid-file", "log-file", "seed-file")


def _ports(count: int) -> list[int]:
    """Return free ports of loopback."""
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def _daemon(home: Path, name: str, *command: str) -> subprocess.Popen[bytes]:
    """Start a daemon that gets SIGTERM when this process is gone."""
    with (home / f"{name}.out").open("wb") as output:
        return subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", *command],
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def _wait(home: Path, name: str, command: list[str], answer: str = "") -> None:
    """Wait until a command succeeds and prints `answer`; else show what the daemons said."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0 and answer in done.stdout:
            return
        time.sleep(0.2)
    for log in sorted([*home.glob("*.out"), *home.glob("*.log")]):
        print(f"--- {log.name}\n{log.read_text(errors='replace')[-2000:]}", file=sys.stderr)
    raise NoClusterError(f"{name} did not answer in {PATIENCE:.0f} s; its logs are above")


def _end(daemons: list[subprocess.Popen[bytes]], nodes: int) -> None:
    """End the jobs, then the daemons."""
    if len(daemons) == 2 + nodes:
        subprocess.run(["scancel", "--quiet", "--partition=main"], check=False, timeout=20)
        _wait_for_no_jobs()
    for daemon in reversed(daemons):
        daemon.terminate()
    for daemon in daemons:
        try:
            daemon.wait(timeout=10)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()


def _wait_for_no_jobs() -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        jobs = ["squeue", "--noheader", "--states=PENDING,RUNNING,COMPLETING"]
        if not subprocess.run(jobs, capture_output=True, check=False, timeout=20).stdout:
            return
        time.sleep(0.2)


if __name__ == "__main__":
    sys.exit(main())
