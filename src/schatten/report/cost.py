"""The table of costs: what each training took, and where and when it ran.

Everything that differs between two runs of the same experiment is here, not in `wer`.
"""

from dataclasses import dataclass

from schatten.artifacts import History
from schatten.recipe.chain import Node
from schatten.recipe.layout import grid_nodes, table_nodes
from schatten.recipe.steps import Given, Model, Truncate
from schatten.report.collect import Experiment
from schatten.report.columns import Column, Table, line, number, words


@dataclass(frozen=True)
class TrainingCost:
    """One training of a system's chain."""

    node: Node
    history: History
    chain_seconds: float
    """Seconds of it and of every training before it, up to the epoch that was truncated."""
    model_bytes: int
    """Size of `model.pt`."""


def cost_table(experiment: Experiment) -> Table[TrainingCost]:
    """Return a line for each training of the models in the tables."""
    columns = _columns()
    chosen = [system for choice in experiment.choices.values() for system in choice.chosen]
    nodes = table_nodes(experiment.recipe, chosen)
    trainings = [_training(experiment, node) for node in nodes if not node.step.compresses]
    return Table("Training", columns, tuple(line(columns, one) for one in trainings))


def _training(experiment: Experiment, node: Node) -> TrainingCost:
    size = experiment.layout.model(node).stat().st_size
    return TrainingCost(node, experiment.history(node), chain_seconds(experiment, node), size)


def chain_seconds(experiment: Experiment, node: Node) -> float:
    """Return the seconds of all trainings from the start of a chain to a node."""
    total = 0.0
    for one, following in zip(node.chain, [*node.chain[1:], None], strict=True):
        if one.step.compresses:
            continue
        history = experiment.history(one)
        epochs = len(history.epochs)
        if following is not None and isinstance(following.step, Truncate):
            epochs = following.step.epoch_in(following)
        total += (history.seconds_per_epoch or 0.0) * epochs
    return total


def needed_seconds(experiment: Experiment, node: Node) -> float | None:
    """Return the seconds of every training that a model needed, its own included; each counts once.

    Those before it in its chain, up to the epoch that was truncated; those of its teacher, of the
    reference of its thresholds and of the system that it starts from; and, for a point of a grid,
    those of all points. None if a training begins with a model of another experiment.
    """
    seconds: dict[Node, float] = {}
    seen: set[tuple[Node, int | None]] = set()
    waiting: list[tuple[Node, int | None]] = [(node, None)]
    while waiting:
        if (pair := waiting.pop()) in seen:
            continue
        seen.add(pair)
        one, epoch = pair
        if grid := experiment.recipe.grid_points.get(one.system):
            waiting += [(point, None) for point in grid_nodes(experiment.recipe, grid)]
        for need in one.needs.values():
            if isinstance(need, Given):
                return None
            if isinstance(need, Model):
                waiting.append((need.node, need.epoch))
        if not one.step.compresses:
            history = experiment.history(one)
            epochs = len(history.epochs) if epoch is None else epoch
            spent = (history.seconds_per_epoch or 0.0) * epochs
            seconds[one] = max(spent, seconds.get(one, 0.0))
    return sum(seconds.values())


def _columns() -> tuple[Column[TrainingCost], ...]:
    return (
        words("system", "system", lambda t: t.node.system),
        words("penalty", "penalty", lambda t: t.node.system_settings.regularizer.type),
        words("rank", "rank", lambda t: t.node.label),
        words("step", "step", lambda t: t.node.spoken_name),
        words("seed", "seed", lambda t: t.node.seed),
        number("epochs", "epochs", lambda t: len(t.history.epochs), digits=0),
        number("s per epoch", "seconds_per_epoch", lambda t: t.history.seconds_per_epoch, digits=1),
        number("s", "seconds", lambda t: t.history.training_seconds, digits=0),
        number("with the steps before: s", "chain_seconds", lambda t: t.chain_seconds, digits=0),
        number("model.pt (MB)", "megabytes_on_disk", lambda t: t.model_bytes / 1e6),
        words("host", "host", lambda t: t.history.host),
        words("CPU", "cpu", lambda t: t.history.cpu),
        words("torch", "torch", lambda t: t.history.torch),
        words("date", "date", lambda t: t.history.date),
        words("commit", "commit", lambda t: t.history.commit),
    )
