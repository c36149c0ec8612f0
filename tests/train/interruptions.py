"""Trainings that are interrupted at a checkpoint, and go on later."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from schatten.train.state import Checkpoints


class Interrupted(Exception):
    """Ends a training where a kill could."""


@contextmanager
def interrupted_at(step: int) -> Iterator[None]:
    """Expect a training, interrupted once the checkpoint of a step is written."""
    write = Checkpoints.save

    def interrupt(self: Checkpoints) -> None:
        write(self)
        if self.parts["progress"][0]()["step"] == step:
            raise Interrupted

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Interrupted):
        patch.setattr(Checkpoints, "save", interrupt)
        yield
