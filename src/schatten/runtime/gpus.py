"""NVIDIA GPUs of this machine: their number, and one for each training that runs here."""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

VISIBLE = "CUDA_VISIBLE_DEVICES"


def count(devices: Path = Path("/dev")) -> int:
    """Return how many GPUs a training may use, without asking their driver.

    These are the machine's, or those of them that `CUDA_VISIBLE_DEVICES` names.
    """
    there = len(list(devices.glob("nvidia[0-9]*")))
    named = visible(there)
    return there if named is None else len(named)


def visible(there: int) -> list[str] | None:
    """Return the GPUs that `CUDA_VISIBLE_DEVICES` names, of `there` in the machine; None: all.

    It is read as CUDA reads it: a list of numbers, or of names (`GPU-...`, `MIG-...`), that ends
    before the first that is no GPU; a list with one twice is empty.
    """
    text = os.environ.get(VISIBLE)
    if text is None:
        return None
    found: list[str] = []
    for name in map(str.strip, text.split(",")):
        is_named = name.startswith(("GPU-", "MIG-"))
        if not (is_named or (name.isdecimal() and int(name) < there)):
            break
        found.append(name if is_named else str(int(name)))
    return found if there and len(set(found)) == len(found) else []


@contextmanager
def one_of(count: int, locks: Path | None = None) -> Iterator[int]:
    """Yield which of `count` visible GPUs to train on: the first that no other training here has.

    If each has a training, it is the first. `locks` is the folder of the lock files, by default the
    folder for temporary files. A lock is of the GPU itself: number 0 of `CUDA_VISIBLE_DEVICES=2,3`
    is another one than that of a run without it.
    """
    folder = locks or Path(tempfile.gettempdir())
    text = os.environ.get(VISIBLE)
    names = [str(number) for number in range(count)] if text is None else text.split(",")
    with ExitStack() as held:
        for number, name in enumerate(map(str.strip, names[:count])):
            file = held.enter_context((folder / f"schatten.{os.getuid()}.gpu{name}").open("a"))
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield number
            return
        yield 0
