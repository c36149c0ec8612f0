"""The progress of a training, and the check that it does not diverge."""

import math
import time
from collections.abc import Sequence
from typing import Any

from torch import Tensor

from schatten.errors import UserError
from schatten.train.data import Batch
from schatten.train.fabric import names_over_processes, over_processes
from schatten.train.points import Points

DIVERGENCE_FACTOR = 5.0
"""A training fails if its smoothed loss is more than this many times that of its first steps."""
_FIRST = 20
"""Number of first steps, whose mean loss is the reference."""
REMEDY = "lower the learning rate, lengthen warmup_steps, or lower gradient_clip"


class TrainingProgress:
    """Counts steps, epochs, losses and time; all of it is in a checkpoint."""

    def __init__(self) -> None:
        """Begin a training."""
        self.step = 0
        """Steps done."""
        self.epoch = 0
        """Epochs done."""
        self.records: list[dict[str, Any]] = []
        """An entry for each epoch done."""
        self.points = Points()
        self.sums = _zeros()
        self.first_losses: list[float] = []
        self.recent_loss = 0.0
        self._before, self._start = 0.0, time.monotonic()

    @property
    def steps_of_epoch(self) -> int:
        """Steps done of the epoch under way."""
        return int(self.sums["steps"])

    @property
    def seconds_of_epoch(self) -> float:
        """Seconds of audio seen of the epoch under way."""
        return self.sums["seconds"]

    @property
    def elapsed(self) -> float:
        """Seconds that the training has taken, all its runs together."""
        return self._before + time.monotonic() - self._start

    def count(self, losses: Tensor, pieces: Sequence[Batch]) -> None:
        """Count the losses (N,) of this process's pieces of a batch; the step is under way.

        Errors: `UserError` for a loss that is not finite, or when the losses diverge.
        """
        (total,) = over_processes([float(losses.detach().sum())])
        batch = pieces[0]
        ids = [name for piece in pieces for name in piece.ids]
        self._check(total / batch.utterances, losses, ids)
        self.points.count(total, batch.utterances)
        self.sums["loss"] += total
        self.sums["utterances"] += batch.utterances
        self.sums["seconds"] += batch.seconds

    def _check(self, value: float, losses: Tensor, ids: Sequence[str]) -> None:
        if not math.isfinite(value):
            bad = [name for name, one in zip(ids, losses, strict=False) if not one.isfinite()]
            bad = names_over_processes(bad)  # the loss is of all, so each process comes here
            raise UserError(
                f"the loss is {value} at step {self.step}, at the utterances "
                f"{', '.join(bad)} (batch: {', '.join(ids)}): listen to them, or {REMEDY}"
            )
        if len(self.first_losses) < _FIRST:
            self.first_losses.append(value)
            self.recent_loss = sum(self.first_losses) / len(self.first_losses)
            return
        self.recent_loss = 0.95 * self.recent_loss + 0.05 * value
        if self.recent_loss > DIVERGENCE_FACTOR * sum(self.first_losses) / _FIRST:
            raise UserError(
                f"the loss diverges: {self.recent_loss:.1f} at step {self.step}, over "
                f"{DIVERGENCE_FACTOR:g} times that of the first {_FIRST} steps (batch: "
                f"{', '.join(ids)}): {REMEDY}"
            )

    def end_step(self, seconds: float, learning_rate: float) -> None:
        """Count a step that is done; `seconds`: audio of an epoch."""
        self.step += 1
        self.sums["steps"] += 1
        self.points.end_step(self.step, self.epoch + self.seconds_of_epoch / seconds, learning_rate)

    def end_epoch(self, measures: dict[str, Any]) -> dict[str, Any]:
        """Return the record of an epoch that is done, which ends with `measures`."""
        self.epoch += 1
        record = {
            "epoch": self.epoch,
            "steps": self.steps_of_epoch,
            "train_loss": self.sums["loss"] / max(1, self.sums["utterances"]),
            **measures,
        }
        self.records.append(record)
        self.sums = _zeros()
        return record

    def state(self) -> dict[str, Any]:
        """Return the state for a checkpoint."""
        names = "step", "epoch", "records", "sums", "first_losses", "recent_loss", "elapsed"
        return {name: getattr(self, name) for name in names} | {"points": self.points.state()}

    def far(self, planned: int) -> dict[str, Any]:
        """Return how far the training is, of `planned` epochs: the fields of `Progress`."""
        return {"planned": planned, "epochs": self.records, "points": self.points.listed()}

    def restore(self, state: dict[str, Any]) -> None:
        """Restore what `state` returned; the clock continues from there.

        A checkpoint of an earlier version has no points: they begin here.
        """
        self._before, self._start = state["elapsed"], time.monotonic()
        for name, value in state.items():
            if name == "points":
                self.points.restore(value)
            elif name != "elapsed":
                setattr(self, name, value)


def _zeros() -> dict[str, float]:
    return dict.fromkeys(("loss", "utterances", "seconds", "steps"), 0.0)


def line(record: dict[str, Any], epochs: int, rate: str = "CER") -> str:
    """Return the line of the log for an epoch's record; `rate` names the unit error rate."""
    return (
        f"epoch {record['epoch']}/{epochs}: train loss {record['train_loss']:.2f}, "
        f"dev loss {record['dev_loss']:.2f}, dev {rate} {record['dev_cer']:.2f} %, "
        f"learning rate {record['learning_rate']:.2e}"
    )
