"""The state of an unfinished training: `state/<key>/`, outside of what Snakemake deletes.

The key is a hash of everything that determines the result. So a training resumes only from a state
of its own.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from schatten.runtime.files import atomic_output, digest, remove, sha256
from schatten.runtime.launch import place
from schatten.runtime.process import locked

ROOT = Path("state")
CHECKPOINT = "last.ckpt"
_FORMAT = "schatten.checkpoint"
"""Key of a checkpoint's version, which files of other programs and of old versions lack."""
_VERSION = 1

Part = tuple[Callable[[], Any], Callable[[Any], object]]
"""One function returns the state for a checkpoint, the other restores it."""


def state_key(settings: str, inputs: list[Path]) -> str:
    """Return the key of a training: its settings, its inputs' checksums, torch's version."""
    return digest([settings, [sha256(path) for path in inputs], torch.__version__], 16)


@contextmanager
def training_state(settings: str, inputs: list[Path]) -> Iterator[Path]:
    """Yield the locked state folder of a training; it is removed when the training has succeeded.

    Of several processes the first one has the lock.
    """
    folder = ROOT / state_key(settings, inputs)
    if place().rank > 0:
        yield folder
        return
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder):
        yield folder
        remove(folder)


def epoch_model(model: Path, epoch: int) -> Path:
    """Return where a model of an earlier epoch is kept: `e{epoch}.pt` beside the last one."""
    return model.with_name(f"e{epoch}.pt")


class Checkpoints:
    """`last.ckpt` in a state folder, from which a training resumes bit by bit."""

    def __init__(self, folder: Path, parts: Mapping[str, Part]) -> None:
        """Take the parts of a training by name."""
        self.path = folder / CHECKPOINT
        self.parts = parts

    def save(self) -> None:
        """Write all parts, atomically; of several processes the first one writes."""
        if place().rank > 0:
            return
        content = {name: get() for name, (get, _) in self.parts.items()}
        with atomic_output(self.path, lasting=False) as beside:
            torch.save({_FORMAT: _VERSION, **content}, beside)

    def resume(self) -> bool:
        """Restore all parts from a complete checkpoint, and tell whether there was one.

        A checkpoint that is damaged, or that an old version wrote, is removed with a message.
        """
        content = self._read()
        if content is None:
            return False
        for name, (_, put) in self.parts.items():
            put(content[name])
        return True

    def _read(self) -> dict[str, Any] | None:
        if not self.path.is_file():
            return None
        try:
            content = torch.load(self.path, map_location="cpu", weights_only=True)
        except Exception as error:
            self._refuse(f"is no whole checkpoint ({str(error).splitlines()[0]})")
            return None
        if not isinstance(content, dict) or content.get(_FORMAT) != _VERSION:
            self._refuse("was written by another version of schatten")
            return None
        return content

    def _refuse(self, why: str) -> None:
        print(f"{self.path} {why}: training begins anew", flush=True)
        remove(self.path)
