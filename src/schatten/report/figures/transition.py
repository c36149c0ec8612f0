"""Early transitions: CER by the epoch that is truncated, and CER over epochs.

After figure 5 of the trace norm paper (Kliegl et al., 2018).
"""

from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from schatten.artifacts import Score
from schatten.recipe.chain import Node
from schatten.recipe.figures import early_systems
from schatten.recipe.rates import greedy_rate
from schatten.recipe.steps import Train
from schatten.report.collect import Experiment, Trained
from schatten.report.columns import Column, Table, interval, line, number, words
from schatten.report.figures import series
from schatten.report.penalties import strengths


@dataclass(frozen=True)
class Transition:
    """A transition from stage 1 to stage 2. Error rates are greedy, on dev, in percent."""

    model: Trained
    """At the end of stage 2."""
    rank: str
    """The rank rule, without the epoch."""
    epoch: int
    """Epoch of stage 1 whose model is truncated."""
    initial_cer: float
    """CER of the model before truncation."""
    truncated: Score
    """Right after truncation."""
    final: Score
    """After stage 2."""

    @property
    def series(self) -> tuple[str, str, int]:
        """What the points of a line share: system, rank, seed."""
        return self.model.node.system, self.rank, self.model.node.seed


def draw(experiment: Experiment) -> tuple[Figure, Table[Transition]]:
    """Draw CER against the epoch of the transition (left) and over epochs (right)."""
    points = _points(experiment)
    lines: dict[tuple[str, str, int], list[Transition]] = {}
    for point in points:
        lines.setdefault(point.series, []).append(point)
    figure = Figure((series.WIDE, 2.9 + 0.14 * (len(lines) + 3)), layout="constrained")
    left, right = figure.subplots(1, 2)
    for place, found in enumerate(lines.values()):
        _by_transition(left, found, _label(found[0]), series.MARKERS[place % len(series.MARKERS)])
        _over_epochs(right, found)
    _axes(left, right, f"{_rate(experiment)} (%), {experiment.recipe.splits.dev}, greedy")
    series.legend_below(figure, left)
    return figure, _table(points, _rate(experiment))


def _points(experiment: Experiment) -> list[Transition]:
    dev = experiment.recipe.splits.dev
    return [
        Transition(
            model,
            model.node.truncation.rule.label,
            model.stage1_epochs,
            model.stage1.epochs[model.stage1_epochs - 1].dev_cer,
            experiment.score(model.node.before, None, dev),
            experiment.score(model.node, None, dev),
        )
        for model in experiment.models
        if model.node.truncation and model.node.before and goes_on_early(model.node)
    ]


def goes_on_early(node: Node) -> bool:
    """Whether it is a training that continues the schedule of the first one."""
    return isinstance(node.step, Train) and node.step.schedule == "continued"


def _label(point: Transition) -> str:
    node = point.model.node
    name = series.label(node.system, point.model.system, node.seed)
    return f"{name}, {point.rank}: after stage 2"


def _by_transition(axes: Axes, points: list[Transition], label: str, marker: str) -> None:
    colour = series.COLOURS[points[0].model.system.regularizer.type]
    epochs = [point.epoch for point in points]
    rates = [point.final.cer for point in points]
    ends = [point.final.cer_interval for point in points]
    error = [
        [rate - low for rate, (low, _) in zip(rates, ends, strict=True)],
        [high - rate for rate, (_, high) in zip(rates, ends, strict=True)],
    ]
    axes.errorbar(
        epochs, rates, error, color=colour, marker=marker, ms=4, lw=1, elinewidth=0.8, label=label
    )
    cut = [point.truncated.cer for point in points]
    axes.plot(epochs, cut, marker + ":", color=colour, mfc="white", ms=4, lw=0.8)
    initial = [point.initial_cer for point in points]
    axes.plot(epochs, initial, "--", color=colour, lw=0.8)


def _over_epochs(axes: Axes, points: list[Transition]) -> None:
    """Draw stage 1 to its end, dashed, and each transition: the jump, and stage 2 from there."""
    model = points[0].model
    colour = series.COLOURS[model.system.regularizer.type]
    rates = [epoch.dev_cer for epoch in model.stage1.epochs]
    axes.plot(range(1, len(rates) + 1), rates, "--", color=colour, lw=0.8)
    for point in points:
        after = [epoch.dev_cer for epoch in point.model.history.epochs]
        epochs = range(point.epoch, point.epoch + len(after) + 1)
        axes.plot(epochs, [point.truncated.cer, *after], color=colour, lw=1)
        jump = [point.initial_cer, point.truncated.cer]
        axes.plot([point.epoch] * 2, jump, "o:", color=colour, mfc="white", ms=3, lw=0.8)


def _axes(left: Axes, right: Axes, rate: str) -> None:
    left.plot(
        [], [], "o:", color="black", mfc="white", ms=4, lw=0.8, label="right after truncation"
    )
    left.plot([], [], "--", color="black", lw=0.8, label="the model of stage 1 that is factored")
    left.set_xlabel("epoch of stage 1 that is factored")
    right.set_xlabel("epoch; dashed: stage 1, solid: stage 2")
    for axes in (left, right):
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_ylabel(rate)


def _rate(experiment: Experiment) -> str:
    """Return what the error rate is called, greedy and in the histories of trainings."""
    recipe = experiment.recipe
    return greedy_rate(recipe, *(recipe.systems[name].units for name in early_systems(recipe)))


def _table(points: list[Transition], rate: str) -> Table[Transition]:
    key = f"dev_{rate.lower()}"
    columns: tuple[Column[Transition], ...] = (
        words("system", "system", lambda p: p.model.node.system),
        words("penalty", "penalty", lambda p: p.model.system.regularizer.type),
        *strengths(lambda p: p.model.system.regularizer),
        words("seed", "seed", lambda p: p.model.node.seed),
        words("rank", "rank", lambda p: p.rank),
        words("epoch", "transition_epoch", lambda p: p.epoch),
        words("epochs of stage 2", "stage2_epochs", lambda p: len(p.model.history.epochs)),
        words("parameters", "parameters", lambda p: p.model.history.parameters),
        number("initial", f"{key}_initial", lambda p: p.initial_cer),
        number("truncated", f"{key}_truncated", lambda p: p.truncated.cer),
        interval("interval", f"{key}_truncated", lambda p: p.truncated.cer_interval),
        number("final", f"{key}_final", lambda p: p.final.cer),
        interval("interval", f"{key}_final", lambda p: p.final.cer_interval),
    )
    return Table("transition", columns, tuple(line(columns, point) for point in points))
