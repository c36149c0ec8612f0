"""NVIDIA GPUs of this machine: their number, and one for each training that runs here."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path


def count(devices: Path = Path("/dev")) -> int:
    """Return how many GPUs the machine has, without asking their driver."""
    return len(list(devices.glob("nvidia[0-9]*")))


@contextmanager
def one_of(visible: int, locks: Path | None = None) -> Iterator[int]:
    """Yield which of the `visible` GPUs to train on: the first that no other training here has.

    If each has a training, it is the first. `locks` is the folder of the lock files, by default the
    folder for temporary files.
    """
    folder = locks or Path(tempfile.gettempdir())
    with ExitStack() as held:
        for number in range(visible):
            file = held.enter_context((folder / f"schatten.{os.getuid()}.gpu{number}").open("a"))
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield number
            return
        yield 0
