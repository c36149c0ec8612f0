"""Learning curves: word error rates by the hours of training speech, and what more hours give."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from statistics import fmean

from schatten.artifacts import Validation, read
from schatten.recipe.hours import hours_of
from schatten.report.captions import origin
from schatten.report.collect import Experiment, Result, by_seed
from schatten.report.columns import Column, Table, interval, line, number, percent, words
from schatten.score.pooled import PooledDifference


@dataclass(frozen=True)
class Point:
    """A model that was trained on some hours, over all of its seeds."""

    series: str
    """What the models of one curve have in common."""
    hours: float
    results: tuple[Result, ...]
    """One for each seed."""
    ends: tuple[float, float]
    """Ends of the interval of the mean WER."""
    before: "Point | None" = None
    """The point of the next fewer hours of the curve."""
    change: PooledDifference | None = None
    """The difference to that point: below zero, more hours help."""

    @property
    def wer(self) -> float:
        """Mean WER over the seeds, in %."""
        return fmean(result.main.wer for result in self.results)

    @property
    def an_hour_more(self) -> float | None:
        """Points of WER for each hour more than the point before."""
        if self.before is None or self.change is None:
            return None
        return self.change.points.points / (self.hours - self.before.hours)

    @property
    def twice_the_hours(self) -> float | None:
        """Change of WER in % when hours double, by the rate from the point before to this one."""
        if self.before is None or not (self.wer and self.before.wer):
            return None
        doublings = math.log2(self.hours / self.before.hours)
        return 100 * math.expm1(math.log(self.wer / self.before.wer) / doublings)

    def counted(self, what: str) -> float | None:
        """Return the mean over seeds of `utterances` or `speakers`; None without hours."""
        parts = [result.model.stage1.trained_on for result in self.results]
        return fmean(getattr(part, what) for part in parts if part) if all(parts) else None


def points(experiment: Experiment) -> list[Point]:
    """Return the points of all curves on the main test split: curve by curve, fewest hours first.

    A curve has the models that differ in nothing but hours and what `trainings` says beside them.
    """
    split = experiment.recipe.splits.test[0]
    groups = by_seed(experiment.results(split))
    names = _series([group[0] for group in groups])
    whole = read(experiment.layout.validation, Validation).splits[experiment.recipe.splits.train]
    found = []
    for name, group in zip(names, groups, strict=True):
        row = experiment.pooled(group) if len(group) > 1 else group[0]
        hours = hours_of(group[0].model.node) or whole.hours
        found.append(Point(name, hours, tuple(group), row.main.wer_interval))
    order = list(dict.fromkeys(names))
    found.sort(key=lambda point: (order.index(point.series), point.hours))
    curves = groupby(found, key=lambda point: point.series)
    return [one for _, curve in curves for one in _compared(experiment, list(curve), split)]


def _series(results: Sequence[Result]) -> list[str]:
    """Name each model's curve by what differs between models: units, model, penalty, rank."""
    tests: tuple[Callable[[Result], str], ...] = (
        lambda r: r.model.system.units,
        lambda r: r.model.system.model,
        lambda r: r.model.system.learns_by,
        lambda r: r.model.node.label,
    )
    differing = [of for of in tests if len(set(map(of, results))) > 1] or [tests[1]]
    return [", ".join(of(result) for of in differing) for result in results]


def _compared(experiment: Experiment, curve: list[Point], split: str) -> list[Point]:
    """Return the points of a curve, each compared with that of the next fewer hours."""
    found: list[Point] = []
    for point in curve:
        fewer = [one for one in found if one.hours < point.hours]
        if not fewer:
            found.append(point)
            continue
        nodes = [[result.model.node for result in one.results] for one in (fewer[-1], point)]
        change = experiment.compared(nodes[0], nodes[1], split)
        found.append(Point(point.series, point.hours, point.results, point.ends, fewer[-1], change))
    return found


def hours_table(experiment: Experiment, found: Sequence[Point] | None = None) -> Table[Point]:
    """Return a line for each point of the curves; `found` are they, where they are known."""
    columns = _columns(experiment)
    found = points(experiment) if found is None else found
    lines = tuple(line(columns, point) for point in found)
    return Table(f"Hours, split {experiment.recipe.splits.test[0]}", columns, lines)


def _columns(experiment: Experiment) -> tuple[Column[Point], ...]:
    lm = experiment.main_lm or "greedy"
    confidence = percent(experiment.recipe.tables.confidence)

    def change(point: Point) -> tuple[float, float] | None:
        return (point.change.points.low, point.change.points.high) if point.change else None

    return (
        words("curve", "curve", lambda p: p.series),
        words(None, "system", lambda p: p.results[0].model.node.system),
        number("hours", "hours", lambda p: p.hours),
        number("utterances", "utterances", lambda p: p.counted("utterances"), digits=0),
        number("speakers", "speakers", lambda p: p.counted("speakers"), digits=0),
        words("seeds", "seeds", lambda p: len(p.results)),
        number(f"WER {lm}", "wer", lambda p: p.wer),
        interval(f"{confidence} interval", "wer", lambda p: p.ends),
        number(
            "against fewer hours",
            "change",
            lambda p: p.change.points.points if p.change else None,
            signed=True,
        ),
        interval(f"{confidence} interval, paired", "change", change, signed=True),
        number("points an hour", "points_an_hour", lambda p: p.an_hour_more, signed=True),
        number(
            "% by twice the hours", "doubling", lambda p: p.twice_the_hours, digits=1, signed=True
        ),
    )


def hours_notes(experiment: Experiment) -> list[str]:
    """Return the notes below the table of hours."""
    return [
        "Each line is compared with the line of fewer hours above it, on the same utterances; "
        "seeds are drawn with them. Points an hour: that difference for each hour between the "
        "two. By twice the hours: the relative change of the WER when the hours double, at the "
        "rate between the two lines.",
        "Hours are those of recordings; copies at other speeds do not count. Utterances and "
        "speakers are means over the seeds, as each seed has its own part of the training split; "
        "none are given where a model had all of it.",
        origin(experiment),
    ]
