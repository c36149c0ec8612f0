"""Runs a command that ends with the workflow that started it: `follow.py COMMAND ARGUMENTS...`.

Verbs watch their workflow themselves (`runtime.process`). Scripts that start compilers run through
this file, because a workflow that is killed with SIGKILL tells them nothing. It imports nothing of
the package: any Python runs it.
"""

import os
import select
import signal
import subprocess
import sys
from types import FrameType

LEADER = "SCHATTEN_LEADER"
"""As in `runtime.process`: the workflow, as `PID:START_TIME`."""


def _started(pid: int) -> str:
    """Return when a process started, as /proc says it; empty if it is gone."""
    try:
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123
            return file.read().rpartition(")")[2].split()[19]
    except OSError:
        return ""


def follow(command: list[str]) -> int:
    """Run `command` in a process group of its own; return its exit status.

    The group is killed when the workflow that the environment names ends, or this process is told
    to.
    """
    leader, _, start = os.environ.pop(LEADER, "").partition(":")
    handles = []
    if leader:  # opened before the command begins: it may end at any moment
        try:
            handles.append(os.pidfd_open(int(leader)))
        except ProcessLookupError:
            return 1
        if _started(int(leader)) != start:
            return 1
    signals = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    child = subprocess.Popen(
        command,
        start_new_session=True,
        preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, signals),  # noqa: PLW1509
    )

    def end(number: int, frame: FrameType | None) -> None:
        os.killpg(child.pid, signal.SIGKILL)
        sys.exit(128 + number)

    for number in signals:
        signal.signal(number, end)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
    poll = select.poll()
    handles.insert(0, os.pidfd_open(child.pid))
    for handle in handles:
        poll.register(handle, select.POLLIN)
    ended = {handle for handle, _ in poll.poll()}
    if handles[0] not in ended:
        os.killpg(child.pid, signal.SIGKILL)
        return 1
    status = child.wait()
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(follow(sys.argv[1:]))
