"""Processes that end together, and folders that one process owns. It starts no process itself.

A workflow that is killed with SIGKILL cannot stop its jobs, because a shell stands between it and a
verb. So the workflow writes its process id into the environment. Each verb ends itself when that
process, or its own parent, is gone.
"""

import ctypes
import errno
import fcntl
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from schatten.errors import UserError

LEADER = "SCHATTEN_LEADER"
"""Environment variable: process that the verbs end with, as `PID:START_TIME`."""

_PR_SET_PDEATHSIG = 1
_STAT_PARENT, _STAT_START = 1, 19
"""Fields of /proc/PID/stat, counted from the state, which follows the name in brackets."""


def jobs_die_with_me() -> None:
    """Make every verb started from here end when this process does (called by the Snakefile)."""
    if sys.platform == "linux":
        os.environ[LEADER] = f"{os.getpid()}:{_stat(os.getpid())[_STAT_START]}"


def die_with_parent() -> None:
    """End this process with its parent and with the workflow that started it.

    Does nothing outside a workflow. In one, Ctrl-C also ends the process at once, so that no
    library takes the interrupt for the end of its work.
    """
    if LEADER not in os.environ or sys.platform != "linux":
        return
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    leader = _leader()
    if leader is None or leader not in _ancestors():
        _end()
    else:
        _follow(leader)


def _leader() -> int | None:
    """Return the leader's process id while it lives; its start time tells it from a successor."""
    pid, start = os.environ[LEADER].split(":")
    return int(pid) if _stat(int(pid))[_STAT_START:][:1] == [start] else None


def _follow(leader: int) -> None:
    """Wait for the leader's end in a thread, and end with it."""
    try:
        handle = os.pidfd_open(leader)
    except ProcessLookupError:
        _end()

    def wait() -> None:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        poll.poll()
        _end()

    threading.Thread(target=wait, name="ends-with-leader", daemon=True).start()


def _end() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _stat(pid: int) -> list[str]:
    """Return the fields of /proc/PID/stat from the state on; none for a process that is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _ancestors() -> Iterator[int]:
    pid = os.getpid()
    while fields := _stat(pid):
        pid = int(fields[_STAT_PARENT])
        yield pid


@contextmanager
def locked(folder: Path | str, patience: float = 10.0) -> Iterator[None]:
    """Own `folder` (made where missing) as long as the context lasts; the owner may remove it.

    The lock is the operating system's. It ends with the process, and a forked child of a killed
    owner does not keep it. Errors: `UserError` if another process still owns the folder after
    `patience` seconds.
    """
    path = Path(folder) / "lock"
    deadline = time.monotonic() + patience
    while (handle := _try_lock(path)) is None:
        if time.monotonic() > deadline:
            owner = path.read_text().strip() if path.is_file() else ""
            raise UserError(
                f"{folder} is in use by {owner or 'another process'}: wait for it, or stop it"
            )
        time.sleep(0.1)
    try:
        yield
    finally:
        os.close(handle)


def _try_lock(path: Path) -> int | None:
    """Return a locked handle of the file at `path`; None if another process has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except FileNotFoundError:  # the last owner has just removed the folder
        return None
    try:
        fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(handle).st_ino == path.stat().st_ino:
            os.ftruncate(handle, 0)
            os.write(handle, f"process {os.getpid()} on {socket.gethostname()}\n".encode())
            return handle
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):  # nobody else has it
            os.close(handle)
            raise OSError(error.errno, error.strerror, str(path)) from None
    os.close(handle)
    return None


def running_here(program: str) -> list[int]:
    """Return the other processes of this machine that run `program` in the current folder.

    A process whose folder cannot be read (another user's) counts as running here.
    """
    here, found = Path.cwd(), []
    for process in Path("/proc").glob("[0-9]*"):
        if int(process.name) == os.getpid():
            continue
        try:
            words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
            if program in (Path(word).name for word in words[:3]) and _folder(process) == here:
                found.append(int(process.name))
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def variable_of(pid: int, name: str) -> str | None:
    """Return a variable of a process's environment; None without it, or if it cannot be read."""
    try:
        pairs = Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return None
    return next((pair.partition("=")[2] for pair in pairs if pair.startswith(f"{name}=")), None)


def _folder(process: Path) -> Path:
    try:
        return (process / "cwd").readlink()
    except PermissionError:
        return Path.cwd()
