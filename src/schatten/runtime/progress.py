"""Progress of a verb: a small file that the verb rewrites and `schatten run` shows.

Outside `schatten run` nothing is written. A verb's file is found by the log of its output, so rules
name no progress file.
"""

import json
import os
import socket
import time
from dataclasses import asdict, dataclass
from pathlib import Path

FOLDER = "SCHATTEN_PROGRESS"
"""Environment variable: folder of the progress files; set by `schatten run`."""
LOG = "SCHATTEN_LOG"
"""Environment variable: the log of a verb whose processes write to it through others."""

CORES = "SCHATTEN_CORES"
"""Environment variable: steps or cores at a time, for the estimate of a dry run."""

_PERIOD = 0.5
"""Least seconds between two writes."""


@dataclass(frozen=True)
class Progress:
    """Progress of a verb; epochs and batches count from 1, a verb without epochs has none."""

    step: str
    """The current activity, in a word or two: `stage 1`."""
    batch: int
    """Last finished batch of the epoch (or any other unit of work)."""
    batches: int
    """Batches in an epoch."""
    epoch: int = 1
    """Current epoch."""
    epochs: int = 1
    """Epochs in all."""
    loss: float | None = None
    """Training loss; the caller may smooth it."""

    @property
    def share(self) -> float:
        """Share of the work that is done, in 0 .. 1."""
        return (self.epoch - 1 + self.batch / max(self.batches, 1)) / max(self.epochs, 1)


class _Writer:
    """Writes this process's file, not more often than `_PERIOD`."""

    def __init__(self) -> None:
        self.last = float("-inf")

    def write(self, progress: Progress) -> None:
        folder = os.environ.get(FOLDER)
        now = time.monotonic()
        if folder is None or now - self.last < _PERIOD:
            return
        self.last = now
        content = {"log": own_log(), **asdict(progress)}
        path = Path(folder) / f"{socket.gethostname()}-{os.getpid()}.json"
        beside = path.with_suffix(".part")
        try:
            beside.write_text(json.dumps(content))
            beside.replace(path)
        except OSError:
            self.last = float("inf")  # the folder is gone, so nobody watches; the work goes on


_writer = _Writer()


def own_log() -> str:
    """Return the file that this verb's standard output goes to."""
    return os.environ.get(LOG) or str(Path("/proc/self/fd/1").resolve())


def report(
    step: str,
    *,
    batch: int,
    batches: int,
    epoch: int = 1,
    epochs: int = 1,
    loss: float | None = None,
) -> None:
    """Report the progress of this process; cheap enough to call after every batch."""
    _writer.write(Progress(step, batch, batches, epoch, epochs, loss))


def read(folder: Path) -> dict[str, Progress]:
    """Return what the processes report, by the absolute path of the log they write to."""
    found = {}
    for path in folder.glob("*.json"):
        try:
            content = json.loads(path.read_text())
            log = content.pop("log")
            found[log] = Progress(**content)
        except FileNotFoundError:
            continue
    return found
