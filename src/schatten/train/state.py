"""The state of an unfinished training: `state/<key>/`, outside of what Snakemake deletes.

The key is a hash of everything that determines the result. So a training resumes only from a state
of its own.
"""

import json
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path
from typing import Any

import torch

from schatten.artifacts.training_state import NOTE, PROGRESS, ROOT, StateNote
from schatten.errors import UserError
from schatten.runtime.files import atomic_output, digest, remove, sha256
from schatten.runtime.launch import place
from schatten.runtime.process import locked

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
def training_state(settings: str, inputs: list[Path], output: Path) -> Iterator[Path]:
    """Yield the locked state folder of a training; it is removed when the training has succeeded.

    A note in it names the `output`, the model that is trained.

    Of several processes the first one has the lock.
    """
    folder = ROOT / state_key(settings, inputs)
    if place().rank > 0:
        yield folder
        return
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder):
        paths = [str(path.absolute()) for path in inputs]
        note = StateNote(output=str(output.absolute()), inputs=paths)
        (folder / NOTE).write_text(note.model_dump_json())
        yield folder
        remove(folder)


def epoch_model(model: Path, epoch: int) -> Path:
    """Return where a model of an earlier epoch is kept: `e{epoch}.pt` beside the last one."""
    return model.with_name(f"e{epoch}.pt")


class Checkpoints:
    """`last.ckpt` in a state folder, from which a training resumes bit by bit.

    The checkpoint before it, `before.ckpt`, is kept in case that the last one is damaged.
    """

    def __init__(
        self,
        folder: Path,
        parts: Mapping[str, Part],
        keep_epochs: Sequence[int] = (),
        far: Callable[[], Mapping[str, Any]] = dict,
    ) -> None:
        """Take the parts of a training by name, and the epochs whose models lie in the folder.

        `far` returns how far it is (the fields of `Progress`), which stands beside a checkpoint.
        """
        self.path = folder / CHECKPOINT
        self.parts = parts
        self.keep_epochs = keep_epochs
        self.far = far

    @property
    def _before(self) -> Path:
        return self.path.with_name("before.ckpt")

    def save(self) -> None:
        """Write all parts, atomically; of several processes the first one writes.

        The older one of two checkpoints goes first, so a state never takes the place of three.
        """
        if place().rank > 0:
            return
        content = {name: get() for name, (get, _) in self.parts.items()}
        if self.path.is_file():
            remove(self._before)
        with atomic_output(self.path, lasting=False) as beside:
            torch.save({_FORMAT: _VERSION, **content}, beside)
            if self.path.is_file():
                self.path.rename(self._before)
        with atomic_output(self.path.with_name(PROGRESS), lasting=False) as beside:
            beside.write_text(json.dumps(self.far()))

    def resume(self) -> bool:
        """Restore all parts from the last whole checkpoint, and tell whether there was one.

        A checkpoint that is damaged, or that an old version wrote, is removed with a message.
        """
        content = self._read()
        if content is None:
            return False
        for name, (_, put) in self.parts.items():
            put(content[name])
        return True

    def _read(self) -> dict[str, Any] | None:
        there = [path for path in (self.path, self._before) if path.is_file()]
        for path, then in zip_longest(there, there[1:]):
            try:
                content = self._content(path)
            except UserError as error:
                goes_on = "begins anew" if then is None else f"goes on from {then}"
                print(f"{path} {error}: training {goes_on}", flush=True)
                remove(path)
            else:
                return content
        return None

    def _content(self, path: Path) -> dict[str, Any]:
        """Read a checkpoint; the message of a `UserError` says what it is instead."""
        _refuse_damaged(path)
        try:
            content = torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:
            raise UserError(f"is no whole checkpoint ({str(error).splitlines()[0]})") from None
        if not isinstance(content, dict) or content.get(_FORMAT) != _VERSION:
            raise UserError("was written by another version of schatten")
        for epoch in self.keep_epochs:
            if epoch <= content["progress"]["epoch"]:
                model = epoch_model(path.with_name("model.pt"), epoch)
                try:
                    _refuse_damaged(model)
                except UserError as error:
                    raise UserError(f"needs {model}, which {error}") from None
        return dict(content)


def _refuse_damaged(path: Path) -> None:
    """Refuse a file of torch's that was cut short or changed.

    It is a zip archive with a checksum (CRC-32) of each tensor, which `torch.load` does not check.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
    except (OSError, EOFError, ValueError, NotImplementedError, zipfile.BadZipFile) as error:
        raise UserError(f"is no whole checkpoint ({error})") from None
    if damaged is not None:
        raise UserError(f"is damaged (the checksum of {damaged} is another)")
