"""Spectra after stage 1: nu against lambda, and the rank at 90 % of the variance against CER.

After figures 2 and 3 of the trace norm paper (Kliegl et al., 2018). Both show the last recurrent
layer, as in the paper: its non-recurrent matrix on the left, its recurrent one on the right. They
show the systems with the baseline's model and factorization partial.
"""

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from schatten.artifacts import MatrixMeasures, Score
from schatten.errors import UserError
from schatten.recipe.figures import spectrum_systems
from schatten.recipe.rates import greedy_rate
from schatten.report.collect import Experiment, Trained
from schatten.report.columns import Column, Table, interval, line, number, words
from schatten.report.figures import series
from schatten.report.penalties import strengths

KINDS = {"nonrec": "non-recurrent", "rec": "recurrent"}


@dataclass(frozen=True)
class MatrixSpectrum:
    """A matrix of a model after the last epoch of stage 1."""

    model: Trained
    kind: str
    """`nonrec` or `rec`."""
    matrix: str
    measures: MatrixMeasures
    score: Score
    """Greedy score on dev."""

    @property
    def strength(self) -> float:
        """The lambda of this kind of matrix."""
        penalty = self.model.system.regularizer
        return penalty.lambda_rec if self.kind == "rec" else penalty.lambda_nonrec

    @property
    def other_strength(self) -> float:
        """The lambda of the other kind."""
        penalty = self.model.system.regularizer
        return penalty.lambda_nonrec if self.kind == "rec" else penalty.lambda_rec


def draw_nu(experiment: Experiment) -> tuple[Figure, Table[MatrixSpectrum]]:
    """Draw the nondimensional trace norm coefficient against lambda; no penalty is a line."""
    points = _points(experiment)
    figure, panels = _figure(points, _nu_point, "λ {kind}", "ν at the end of stage 1")
    for axes, kind in zip(panels, KINDS, strict=True):
        _join(axes, [point for point in points if point.kind == kind])
        _scale(axes, sorted({p.strength for p in points if p.kind == kind and p.strength}))
    return figure, _table(points, _rate(experiment))


def _scale(axes: Axes, strengths: list[float]) -> None:
    """Make the axis of lambda logarithmic, with a place for zero."""
    if not strengths:
        return
    axes.set_xscale("symlog", linthresh=strengths[0], linscale=0.5)
    axes.set_xlim(-0.15 * strengths[0], 1.5 * strengths[-1])
    decades = range(math.ceil(math.log10(strengths[0]) - 1e-9), 10)
    ticks = [10.0**decade for decade in decades if 10.0**decade <= 1.5 * strengths[-1]]
    axes.set_xticks([0.0, *(ticks or strengths)])
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_locator(NullLocator())


def draw_rank90(experiment: Experiment) -> tuple[Figure, Table[MatrixSpectrum]]:
    """Draw the rank for 90 % of the variance against the greedy CER on dev."""
    points = _points(experiment)
    x = f"{_rate(experiment)} (%), {experiment.recipe.splits.dev}, greedy"
    figure, _ = _figure(points, _rank_point, x, "rank for 90 % of the variance")
    return figure, _table(points, _rate(experiment))


def _figure(
    points: Sequence[MatrixSpectrum],
    plot: Callable[[Axes, MatrixSpectrum, str, str], None],
    x: str,
    y: str,
) -> tuple[Figure, list[Axes]]:
    labels = series.labels([point.model for point in points])
    figure, panels = series.new_figure(len(KINDS), labels)
    for axes, (kind, long_name) in zip(panels, KINDS.items(), strict=True):
        here = [point for point in points if point.kind == kind]
        for place, point in enumerate(here):
            key = point.model.node.system, point.model.node.seed
            plot(axes, point, _marker(place, point, len(here)), labels[key])
        axes.set_title(f"{long_name} ({here[0].matrix})", fontsize=7)
        axes.set_xlabel(x.format(kind=kind))
    panels[0].set_ylabel(y)
    series.legend_below(figure, panels[0])
    return figure, panels


def _marker(place: int, point: MatrixSpectrum, count: int) -> str:
    """Return a marker of the point's own, or of its penalty where there are many."""
    if count > series.MOST_NAMED:
        place = list(series.COLOURS).index(point.model.system.regularizer.type)
    return series.MARKERS[place % len(series.MARKERS)]


def _nu_point(axes: Axes, point: MatrixSpectrum, marker: str, label: str) -> None:
    penalty = point.model.system.regularizer.type
    colour = series.COLOURS[penalty]
    if penalty == "none":
        axes.axhline(point.measures.nu, color=colour, linestyle="--", label=label)
    else:
        axes.plot(point.strength, point.measures.nu, marker, color=colour, ms=4, label=label)


def _join(axes: Axes, points: Sequence[MatrixSpectrum]) -> None:
    """Join the points of a penalty and a seed that share the other lambda."""
    lines: dict[tuple[str, float, int], list[tuple[float, float]]] = {}
    for point in points:
        key = point.model.system.regularizer.type, point.other_strength, point.model.node.seed
        lines.setdefault(key, []).append((point.strength, point.measures.nu))
    for (penalty, _, _), places in lines.items():
        if penalty != "none":
            x, y = zip(*sorted(places), strict=True)
            axes.plot(x, y, color=series.COLOURS[penalty], lw=0.6, alpha=0.5)


def _rank_point(axes: Axes, point: MatrixSpectrum, marker: str, label: str) -> None:
    colour = series.COLOURS[point.model.system.regularizer.type]
    rank = point.measures.rank90
    axes.plot(point.score.cer_interval, [rank, rank], color=colour, lw=0.8, alpha=0.4)
    axes.plot(point.score.cer, rank, marker, color=colour, ms=4, label=label)


def _points(experiment: Experiment) -> list[MatrixSpectrum]:
    names = spectrum_systems(experiment.recipe)
    models = [model for model in experiment.stage1_models if model.node.system in names]
    return [_point(experiment, model, kind) for model in models for kind in KINDS]


def _point(experiment: Experiment, model: Trained, kind: str) -> MatrixSpectrum:
    matrices = model.history.epochs[-1].matrices
    matrix = last_matrix(list(matrices), kind)
    if matrix is None:
        raise UserError(
            f"{experiment.layout.am(model.node) / 'history.json'} has no {KINDS[kind]} matrix of a "
            "recurrent layer of its own: this figure needs factorization partial"
        )
    score = experiment.score(model.node, None, experiment.recipe.splits.dev)
    return MatrixSpectrum(model, kind, matrix, matrices[matrix], score)


def last_matrix(names: Sequence[str], kind: str) -> str | None:
    """Return the last recurrent layer's matrix of a kind, e.g. `gru2_rec` of `rec`."""
    form = re.compile(rf"(gru|rnn|lstm)\d+[._]{kind}")
    found = [name for name in names if form.fullmatch(name)]
    return found[-1] if found else None


def _rate(experiment: Experiment) -> str:
    """Return what the greedy error rate of the points is called: all write the same units."""
    recipe = experiment.recipe
    return greedy_rate(recipe, recipe.systems[recipe.tables.baseline].units)


def _table(points: Sequence[MatrixSpectrum], rate: str) -> Table[MatrixSpectrum]:
    key = f"dev_{rate.lower()}_greedy"
    columns: tuple[Column[MatrixSpectrum], ...] = (
        words("system", "system", lambda p: p.model.node.system),
        words("penalty", "penalty", lambda p: p.model.system.regularizer.type),
        *strengths(lambda p: p.model.system.regularizer),
        words("seed", "seed", lambda p: p.model.node.seed),
        words("matrix", "matrix", lambda p: p.matrix),
        number("ν", "nu", lambda p: p.measures.nu),
        number("rank at 90 %", "rank90", lambda p: p.measures.rank90),
        number(rate, key, lambda p: p.score.cer),
        interval("interval", key, lambda p: p.score.cer_interval),
    )
    return Table("spectrum", columns, tuple(line(columns, point) for point in points))
