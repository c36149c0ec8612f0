"""The hooks of a technique, and their arguments."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from schatten.models import AcousticModel
from schatten.recipe.training import Training
from schatten.train.data import Batch


@dataclass(frozen=True)
class Context:
    """What a technique may need besides its settings."""

    training: Training
    """The settings of the training that it is part of."""
    teacher: Path | None = None
    """The model that a distilled system learns from."""
    reference: Path | None = None
    """The model whose weights give the threshold of pruning."""
    start: Path | None = None
    """The model whose weights a training starts from, if they are another system's."""
    alphabet: str = ""
    """The letters of the recipe's texts, without the space."""
    continues: bool = False
    """Whether the learning rate schedule of an earlier training continues."""


@dataclass(frozen=True)
class ParameterGroup:
    """Parameters with a learning rate of their own."""

    parameters: list[nn.Parameter]
    share: Callable[[int], float]
    """Returns their share of the schedule's learning rate at a global step, from 0."""


@dataclass
class Step:
    """A training step: N utterances, T frames, V units."""

    number: int
    """Global step, from 0."""
    epoch: float
    """Epochs done, the fraction of the one under way included."""
    epochs: int
    """Epochs of the training."""
    model: AcousticModel
    batch: Batch
    steps_per_epoch: Callable[[], int] = field(default=lambda: 1, repr=False)
    """Returns the steps of the first epoch; the others have as many, give or take a few."""
    log_probs: Tensor = field(init=False, repr=False)
    """Natural log (N, T, V); not there yet in `before_step`."""
    lengths: Tensor = field(init=False, repr=False)
    """Frames of each utterance (N,); not there yet in `before_step`."""

    @property
    def share(self) -> float:
        """Share of the training that is done, in 0 .. 1."""
        return self.epoch / self.epochs


class Technique:
    """What a training does beyond its objective; every hook does nothing by default.

    The training loop (`schatten.train.loop.train`) calls the hooks in the order of this class. It
    calls each hook of all techniques in the order of the recipe's list.
    """

    def prepare(self, model: AcousticModel) -> None:
        """Change the model before it is trained; a resumed training calls this again first."""

    def groups(self, model: AcousticModel) -> list[ParameterGroup]:
        """Return parameters of the model that have a learning rate of their own.

        A parameter belongs to the first group that names it.
        """
        return []

    def before_step(self, step: Step) -> None:
        """Update what depends on the global step: masks, schedules, noise.

        This hook comes first in a step, so a checkpoint needs none of it. Random generators are
        seeded for the step.
        """

    def loss(self, loss: Tensor, step: Step) -> Tensor:
        """Return the new loss, a scalar; `loss` is the objective and what techniques added before.

        It is called for each share of the batch: each process has one, or several where gradients
        are accumulated. The mean of what it returns for all shares is minimised.
        `Batch.averaged` turns a share's sum over utterances into its part of that mean.
        """
        return loss

    def after_step(self, step: Step) -> None:
        """Act after the optimizer's step."""

    def measure(self, model: AcousticModel) -> dict[str, Any]:
        """Return entries of the epoch's record in history.json."""
        return {}

    def state(self) -> dict[str, Any]:
        """Return the state for a checkpoint: tensors and plain values."""
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Restore what `state` returned."""

    def finish(self, model: AcousticModel) -> None:
        """Change the trained model for the last time, after weights were averaged."""
