"""The state of an unfinished training: `state/<key>/`, outside of what Snakemake deletes.

The key is a hash of everything that the result follows from, so that a state is only ever taken
up by the training that it belongs to.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lightning
import torch

from schatten.runtime.files import atomic_output, digest, remove, sha256
from schatten.runtime.launch import place
from schatten.runtime.process import locked

ROOT = Path("state")
CHECKPOINT = "last.ckpt"


def state_key(settings: str, inputs: list[Path]) -> str:
    """Return the key of a training: its settings, its inputs' checksums, torch's version."""
    return digest([settings, [sha256(path) for path in inputs], torch.__version__], 16)


@contextmanager
def training_state(settings: str, inputs: list[Path]) -> Iterator[Path]:
    """Yield the locked state folder of a training; it goes when the training has ended well.

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


def usable_checkpoint(folder: Path) -> str | None:
    """Return the checkpoint that a training goes on from; a damaged one is left out, and said."""
    path = folder / CHECKPOINT
    if not path.is_file():
        return None
    try:
        torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        reason = str(error).splitlines()[0]
        print(f"{path} is no whole checkpoint ({reason}): training begins anew", flush=True)
        remove(path)
        return None
    return str(path)


class Checkpoints(lightning.Callback):
    """Writes `last.ckpt` at every epoch's end and every so many steps."""

    def __init__(self, folder: Path, steps: int) -> None:
        """Write into `folder`, every `steps` steps."""
        self.path = folder / CHECKPOINT
        self.steps = steps

    def on_train_batch_end(self, trainer: lightning.Trainer, *_: Any, **__: Any) -> None:
        """Write after every so many steps; the epoch's end writes after its last one.

        A checkpoint between the last batch and the dev split would resume behind both.
        """
        if trainer.global_step % self.steps == 0 and not trainer.is_last_batch:
            self._write(trainer)

    def on_train_epoch_end(self, trainer: lightning.Trainer, *_: Any) -> None:
        """Write after an epoch."""
        self._write(trainer)

    def _write(self, trainer: lightning.Trainer) -> None:
        if not trainer.is_global_zero:
            trainer.save_checkpoint(self.path)  # writes nothing, and waits for the one that does
            return
        with atomic_output(self.path, lasting=False) as beside:
            trainer.save_checkpoint(beside)
