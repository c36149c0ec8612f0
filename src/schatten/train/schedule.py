"""The learning rate over fractional epochs."""

from dataclasses import dataclass, replace

from schatten.recipe.model import Stage2
from schatten.recipe.training import Training


@dataclass(frozen=True)
class Schedule:
    """Linear warm-up over steps, the highest rate, exponential decay over epochs."""

    start: float
    """Learning rate at epoch 0."""
    end: float
    """Learning rate at the end of epoch `epochs`."""
    epochs: int
    """Length of the schedule."""
    warmup_steps: int = 0
    """Steps of the linear rise."""
    first_epoch: int = 0
    """Epochs of it that are past when this training begins."""
    hold: float = 0.0
    """Epochs before the decay."""

    def __call__(self, step: int, epoch: float) -> float:
        """Return the learning rate at a step and a fractional epoch, both from 0."""
        progress = (self.first_epoch + epoch - self.hold) / (self.epochs - self.hold)
        rate = self.start * (self.end / self.start) ** min(1.0, max(0.0, progress))
        return rate * min(1.0, (step + 1) / (self.warmup_steps + 1))


def stage1_schedule(training: Training) -> Schedule:
    """Return the schedule of stage 1."""
    end = training.learning_rate * training.final_learning_rate_ratio
    return Schedule(
        training.learning_rate,
        end,
        training.epochs,
        training.warmup_steps,
        hold=training.hold_epochs,
    )


def stage2_schedule(training: Training, stage2: Stage2, epoch: int) -> Schedule:
    """Return the schedule of stage 2 after `epoch` epochs of stage 1.

    After convergence it starts at `learning_rate_factor` times stage 1's last rate, at an early
    transition stage 1's own schedule goes on: sections 3.2.2 and 3.2.3 of the trace norm paper
    (Kliegl et al., 2018).
    """
    stage1 = stage1_schedule(training)
    if stage2.transition == "early":
        return replace(stage1, warmup_steps=0, first_epoch=epoch)
    start = stage1.end * stage2.learning_rate_factor
    return Schedule(start, start * stage2.final_learning_rate_ratio, stage2.epochs)


def stage2_epochs(training: Training, stage2: Stage2, epoch: int) -> int:
    """Return the epochs of stage 2: its own, or those left of the one schedule after `epoch`."""
    if stage2.transition == "early":
        return training.epochs - epoch
    return stage2.epochs
