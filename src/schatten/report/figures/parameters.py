"""Parameters against WER (as T, figure 4, and P, table 1): a line a system and seed."""

from collections import defaultdict
from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from schatten.report.collect import Experiment, Result
from schatten.report.columns import Table, line, percent
from schatten.report.figures import series
from schatten.report.wer import wer_columns

WIDE = 4
"""The axis of parameters is logarithmic where the largest model is so many times the smallest."""
COLUMNS = (
    "system",
    "penalty",
    "lambda_rec",
    "seed",
    "rank",
    "parameters",
    "wer_low",
)


def draw(experiment: Experiment) -> tuple[Figure, Table[Result]]:
    """Draw the main test split, with the main language model; return its points too."""
    results = experiment.results(experiment.recipe.splits.test[0])
    labels = series.labels([result.model for result in results])
    figure, (axes,) = series.new_figure(1, labels)
    for place, (key, points) in enumerate(_lines(results).items()):
        _line(axes, points, series.MARKERS[place % len(series.MARKERS)], labels[key])
    for result in results:
        if result.difference is None:
            _baseline(axes, result)
    _axes(axes, experiment, results)
    series.legend_below(figure, axes)
    return figure, _table(experiment, results)


def _lines(results: Sequence[Result]) -> dict[tuple[str, int], list[Result]]:
    lines: dict[tuple[str, int], list[Result]] = defaultdict(list)
    for result in results:
        lines[result.model.row.system, result.model.row.seed].append(result)
    return {key: points for key, points in lines.items() if _is_line(points)}


def _is_line(points: Sequence[Result]) -> bool:
    """Whether it is more than the baseline's point, which is drawn as such."""
    return any(point.difference is not None for point in points)


def _line(axes: Axes, results: Sequence[Result], marker: str, label: str) -> None:
    """Draw one system and seed, from the smallest model to the largest; whole ones are hollow."""
    points = sorted(results, key=_megaparameters)
    colour = series.COLOURS[points[0].model.system.penalty.type]
    axes.plot(
        [_megaparameters(p) for p in points],
        [p.main.wer for p in points],
        color=colour,
        linewidth=1,
        marker=marker,
        markersize=4,
        label=label,
    )
    for point in points:
        _error_bar(axes, point, colour)
        if not point.model.is_compressed:
            axes.plot(
                _megaparameters(point), point.main.wer, marker, color="white", mec=colour, ms=4
            )


def _error_bar(axes: Axes, result: Result, colour: str) -> None:
    low, high = result.main.wer_interval
    at = _megaparameters(result)
    axes.plot([at, at], [low, high], color=colour, linewidth=0.8, alpha=0.6)


def _baseline(axes: Axes, result: Result) -> None:
    """Mark it with a star, and its WER with a line."""
    wer = result.main.wer
    label = f"baseline: {result.model.row.system}, seed {result.model.row.seed}"
    axes.axhline(wer, color="black", linewidth=0.6, linestyle=":")
    axes.plot(_megaparameters(result), wer, "k*", markersize=9, label=label)
    _error_bar(axes, result, "black")


def _axes(axes: Axes, experiment: Experiment, results: Sequence[Result]) -> None:
    confidence = percent(experiment.recipe.tables.confidence)
    sizes = [_megaparameters(result) for result in results]
    if max(sizes) > WIDE * min(sizes):
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_minor_formatter(NullFormatter())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.set_xlabel("parameters (million); hollow: not truncated")
    axes.set_ylabel(f"WER (%), {confidence} interval")
    lm = experiment.main_lm
    decoder = f"LM {lm}" if lm else "greedy"
    axes.set_title(f"split {experiment.recipe.splits.test[0]}, {decoder}", fontsize=8)


def _megaparameters(result: Result) -> float:
    return result.model.history.parameters / 1e6


def _table(experiment: Experiment, results: Sequence[Result]) -> Table[Result]:
    wanted = {*COLUMNS, f"wer_{experiment.main_lm}" if experiment.main_lm else "wer_greedy"}
    columns = tuple(c for c in wer_columns(experiment) if c.keys[0] in wanted)
    return Table("parameters", columns, tuple(line(columns, result) for result in results))
