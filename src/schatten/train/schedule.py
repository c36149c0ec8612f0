"""The learning rate over fractional epochs."""

from dataclasses import dataclass, replace

from schatten.recipe.chain import Node
from schatten.recipe.steps import Sequence, Train, TrainingStep
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
    """Epochs of the schedule that are over when this training begins."""
    hold: float = 0.0
    """Epochs before the decay."""

    def __call__(self, step: int, epoch: float) -> float:
        """Return the learning rate at a step and a fractional epoch, both from 0."""
        progress = (self.first_epoch + epoch - self.hold) / (self.epochs - self.hold)
        rate = self.start * (self.end / self.start) ** min(1.0, max(0.0, progress))
        return rate * min(1.0, (step + 1) / (self.warmup_steps + 1))


def first_schedule(training: Training) -> Schedule:
    """Return the schedule of settings alone: warm-up, hold, decay."""
    end = training.learning_rate * training.final_learning_rate_ratio
    return Schedule(
        training.learning_rate,
        end,
        training.epochs,
        training.warmup_steps,
        hold=training.hold_epochs,
    )


def schedule_of(node: Node) -> Schedule:
    """Return the schedule of a node's training: of `sequence` and `adapt` their own.

    A later training starts at a multiple of the last rate before it (the trace norm paper, Kliegl
    et al., 2018, section 3.2.2: 3). Where its schedule is `continued`, that of the first training
    continues from the epoch that was truncated (section 3.2.3).
    """
    step = node.step
    if isinstance(step, Sequence):
        return first_schedule(step.training_in(node))
    assert isinstance(step, Train)
    if node.parent is None:
        return first_schedule(step.training_in(node))
    if step.schedule == "continued":
        return replace(schedule_of(node.start), warmup_steps=0, first_epoch=step.start_in(node))
    how = step.continuation_in(node)
    rate = how.learning_rate or _schedule_before(node).end * how.learning_rate_factor
    return Schedule(rate, rate * how.final_learning_rate_ratio, how.epochs)


def _schedule_before(node: Node) -> Schedule:
    """Return the schedule of the last training before a node's."""
    before = [one for one in node.chain[:-1] if isinstance(one.step, TrainingStep)]
    return schedule_of(before[-1])
