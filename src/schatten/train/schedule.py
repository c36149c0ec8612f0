"""The learning rate over fractional epochs."""

from dataclasses import dataclass, replace

from schatten.recipe.model import Stage2
from schatten.recipe.training import FactorWarmup, Training


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
    factor_ratio: float = 1.0
    """What U and V take of the learning rate."""
    factor_warmup: FactorWarmup | None = None
    """How they start."""

    def __call__(self, step: int, epoch: float) -> float:
        """Return the learning rate at a step and a fractional epoch, both from 0."""
        progress = (self.first_epoch + epoch - self.hold) / (self.epochs - self.hold)
        rate = self.start * (self.end / self.start) ** min(1.0, max(0.0, progress))
        return rate * min(1.0, (step + 1) / (self.warmup_steps + 1))

    def share_of_factors(self, step: int) -> float:
        """Return what U and V take of the learning rate at a step, from 0."""
        warmup = self.factor_warmup
        if warmup is None:
            return self.factor_ratio
        return self.factor_ratio * float(warmup.share ** (1 - min(1.0, step / warmup.steps)))


def stage1_schedule(training: Training) -> Schedule:
    """Return the schedule of stage 1."""
    end = training.learning_rate * training.final_learning_rate_ratio
    return Schedule(
        training.learning_rate,
        end,
        training.epochs,
        training.warmup_steps,
        hold=training.hold_epochs,
        factor_ratio=training.factor_learning_rate_ratio,
        factor_warmup=training.factor_warmup,
    )


def stage2_schedule(training: Training, stage2: Stage2, epoch: int) -> Schedule:
    """Return the schedule of stage 2 after `epoch` epochs of stage 1.

    After convergence it starts at `learning_rate_factor` times stage 1's last rate (T, 3.2.2);
    at an early transition stage 1's own schedule goes on (T, 3.2.3).
    """
    stage1 = stage1_schedule(training)
    if stage2.transition == "early":
        return replace(stage1, warmup_steps=0, factor_warmup=None, first_epoch=epoch)
    start = stage1.end * stage2.learning_rate_factor
    return Schedule(start, start * stage2.final_learning_rate_ratio, stage2.epochs)


def stage2_epochs(training: Training, stage2: Stage2, epoch: int) -> int:
    """Return the epochs of stage 2: its own, or those left of the one schedule after `epoch`."""
    if stage2.transition == "early":
        return training.epochs - epoch
    return stage2.epochs
