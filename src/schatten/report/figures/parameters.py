"""Parameters against WER and against CER: a line for each system and seed.

After table 1 of Prabhavalkar et al. (2016), and figure 4 of the trace norm paper (Kliegl et al.,
2018).
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from schatten.recipe.rates import greedy_rate
from schatten.report.collect import Experiment, Result
from schatten.report.columns import Column, Table, line, percent
from schatten.report.columns import interval as interval_column
from schatten.report.figures import series
from schatten.report.wer import wer_columns

FAR = 2.5
"""Models whose error rate exceeds the baseline's by this factor are left out of the picture."""
MOST_NAMED = 3
"""At most this many of the models left out are named."""
ALIKE = 1.05
"""Largest over smallest model below which all count as of one size."""
WIDE = 4
"""The axis of parameters is logarithmic if the largest model is over this many times the
smallest."""
COLUMNS = ("system", "units", "penalty", "lambda_rec", "seed", "rank", "parameters")


@dataclass(frozen=True)
class Measure:
    """An error rate that is drawn against the parameters."""

    name: str
    value: Callable[[Result], float]
    ends: Callable[[Result], tuple[float, float]]
    """Ends of its interval."""
    greedy: bool
    """Whether no language model is used, though the recipe may have one."""


WER = Measure("WER", lambda r: r.main.wer, lambda r: r.main.wer_interval, greedy=False)
CER = Measure("CER", lambda r: r.greedy.cer, lambda r: r.greedy.cer_interval, greedy=True)


def draw(experiment: Experiment) -> tuple[Figure, Table[Result]]:
    """Draw WER on the main test split, with the main language model; return its points too."""
    return _draw(experiment, WER)


def draw_cer(experiment: Experiment) -> tuple[Figure, Table[Result]]:
    """Draw greedy CER on the main test split; return its points too."""
    return _draw(experiment, CER)


def _draw(experiment: Experiment, measure: Measure) -> tuple[Figure, Table[Result]]:
    results = experiment.results(experiment.recipe.splits.test[0])
    colours = series.Colours(experiment.recipe)
    labels = series.labels([result.model for result in results], colours)
    figure, (axes,) = series.new_figure(1, labels)
    for place, (key, points) in enumerate(_lines(results).items()):
        marker = series.MARKERS[place % len(series.MARKERS)]
        _line(axes, points, measure, marker, (colours.of(points[0].model.system), labels[key]))
    for result in results:
        if result.difference is None:
            baseline(axes, result, measure)
    finish(axes, experiment, results, measure)
    series.legend_below(figure, axes)
    shown = columns(experiment, measure)
    return figure, Table(measure.name, shown, tuple(line(shown, result) for result in results))


def _lines(results: Sequence[Result]) -> dict[tuple[str, int], list[Result]]:
    lines: dict[tuple[str, int], list[Result]] = defaultdict(list)
    for result in results:
        lines[result.model.node.system, result.model.node.seed].append(result)
    return {key: points for key, points in lines.items() if _is_line(points)}


def _is_line(points: Sequence[Result]) -> bool:
    """Whether it has more than the baseline's point, which is drawn as a star."""
    return any(point.difference is not None for point in points)


def _line(
    axes: Axes, results: Sequence[Result], measure: Measure, marker: str, look: tuple[str, str]
) -> None:
    """Draw one system and seed, from the smallest model to the largest; whole ones are hollow.

    `look`: its colour, and what the legend says.
    """
    points = sorted(results, key=megaparameters)
    colour, label = look
    axes.plot(
        [megaparameters(p) for p in points],
        [measure.value(p) for p in points],
        color=colour,
        linewidth=1,
        marker=marker,
        markersize=4,
        label=label,
    )
    for point in points:
        _error_bar(axes, point, measure, colour)
        if not point.model.is_compressed:
            at = megaparameters(point), measure.value(point)
            axes.plot(*at, marker, color="white", mec=colour, ms=4)


def _error_bar(axes: Axes, result: Result, measure: Measure, colour: str) -> None:
    at = megaparameters(result)
    axes.plot([at, at], measure.ends(result), color=colour, linewidth=0.8, alpha=0.6)


def baseline(axes: Axes, result: Result, measure: Measure) -> None:
    """Mark the baseline with a star, and its rate with a line."""
    rate = measure.value(result)
    label = f"baseline: {result.model.node.system}, seed {result.model.node.seed}"
    axes.axhline(rate, color="black", linewidth=0.6, linestyle=":")
    axes.plot(megaparameters(result), rate, "k*", markersize=9, label=label)
    _error_bar(axes, result, measure, "black")


def finish(axes: Axes, experiment: Experiment, results: Sequence[Result], measure: Measure) -> None:
    """Scale and name the axes."""
    confidence = percent(experiment.recipe.tables.confidence)
    sizes = [megaparameters(result) for result in results]
    if max(sizes) > WIDE * min(sizes):
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_minor_formatter(NullFormatter())
    elif max(sizes) < ALIKE * min(sizes):
        axes.set_xlim(0, 2 * max(sizes))  # or thousandths would look like a difference
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_xlabel("parameters (million); hollow: not truncated")
    name = greedy_rate(experiment.recipe) if measure.greedy else measure.name
    axes.set_ylabel(f"{name} (%), {confidence} interval")
    _leave_out_far(axes, results, measure)
    lm = None if measure.greedy else experiment.main_lm
    decoder = f"LM {lm}" if lm else "greedy"
    axes.set_title(f"split {experiment.recipe.splits.test[0]}, {decoder}", fontsize=8)


def _leave_out_far(axes: Axes, results: Sequence[Result], measure: Measure) -> None:
    """End the axis below models that are far worse than the baseline, and name those."""
    best = min(measure.value(result) for result in results if result.difference is None)
    leave_out_far(axes, [(r.model.node.system, measure.value(r)) for r in results], best)


def leave_out_far(axes: Axes, rates: Sequence[tuple[str, float]], baseline: float) -> None:
    """End the axis below rates that are far above the baseline's, and name their models."""
    limit = FAR * baseline
    above = [f"{name} {rate:.1f}" for name, rate in rates if rate > limit]
    if above and limit > 0:  # a baseline without an error sets no scale
        axes.set_ylim(bottom=0, top=limit)  # the far ones would push the bottom below zero
        names = ", ".join(sorted(above)) if len(above) <= MOST_NAMED else f"{len(above)} models"
        corner = axes.transAxes
        axes.text(0.98, 0.97, f"above: {names}", fontsize=7, transform=corner, ha="right", va="top")


def megaparameters(result: Result) -> float:
    """Return the millions of parameters stored at inference."""
    return result.model.history.parameters / 1e6


def columns(experiment: Experiment, measure: Measure) -> tuple[Column[Result], ...]:
    """Return what the CSV says of a point."""
    if measure.greedy:
        rate = ["cer_greedy", "per_greedy"]
    else:
        rate = [f"wer_{experiment.main_lm}" if experiment.main_lm else "wer_greedy", "wer_low"]
    found = tuple(c for c in wer_columns(experiment) if c.keys[0] in {*COLUMNS, *rate})
    if measure.greedy:
        ends: Column[Result] = interval_column("interval", "cer_greedy", measure.ends)
        return (*found, ends)
    return found
