"""Spectra after stage 1: nu against lambda (T, figure 2), rank at 90 % against CER (figure 3).

Both show the last recurrent layer, its non-recurrent matrix on the left and its recurrent one on
the right, as T does.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from schatten.errors import UserError
from schatten.report.artifacts import MatrixMeasures
from schatten.report.collect import Experiment, Trained
from schatten.report.columns import Column, Table, line, number, words
from schatten.report.figures import series

KINDS = {"nonrec": "non-recurrent", "rec": "recurrent"}


@dataclass(frozen=True)
class Point:
    """A matrix of a model after the last epoch of stage 1."""

    model: Trained
    kind: str
    """`nonrec` or `rec`."""
    matrix: str
    measures: MatrixMeasures
    dev_cer: float
    """Greedy, percent."""

    @property
    def strength(self) -> float:
        """The lambda of this kind of matrix."""
        penalty = self.model.system.penalty
        return penalty.lambda_rec if self.kind == "rec" else penalty.lambda_nonrec


def draw_nu(experiment: Experiment) -> tuple[Figure, Table[Point]]:
    """Draw the nondimensional trace norm coefficient against lambda; none is a line."""
    return _draw(experiment, _nu_point, "λ {kind}", "ν at the end of stage 1")


def draw_rank90(experiment: Experiment) -> tuple[Figure, Table[Point]]:
    """Draw the rank for 90 % of the variance against the greedy CER on dev."""
    x = f"CER (%), {experiment.recipe.splits.dev}, greedy"
    return _draw(experiment, _rank_point, x, "rank for 90 % of the variance")


def _draw(
    experiment: Experiment, plot: Callable[[Axes, Point, str, str], None], x: str, y: str
) -> tuple[Figure, Table[Point]]:
    points = _points(experiment)
    labels = series.labels([point.model for point in points])
    figure, panels = series.new_figure(len(KINDS), labels)
    for axes, (kind, long_name) in zip(panels, KINDS.items(), strict=True):
        here = [point for point in points if point.kind == kind]
        for place, point in enumerate(here):
            label = labels[point.model.row.system, point.model.row.seed]
            plot(axes, point, series.MARKERS[place % len(series.MARKERS)], label)
        axes.set_title(f"{long_name} ({here[0].matrix})", fontsize=7)
        axes.set_xlabel(x.format(kind=kind))
    panels[0].set_ylabel(y)
    series.legend_below(figure, panels[0])
    return figure, _table(points)


def _nu_point(axes: Axes, point: Point, marker: str, label: str) -> None:
    colour = series.COLOURS[point.model.system.penalty.type]
    if not point.strength:
        axes.axhline(point.measures.nu, color=colour, linestyle="--", label=label)
        return
    axes.plot(point.strength, point.measures.nu, marker, color=colour, ms=5, label=label)
    axes.set_xscale("log")


def _rank_point(axes: Axes, point: Point, marker: str, label: str) -> None:
    colour = series.COLOURS[point.model.system.penalty.type]
    axes.plot(point.dev_cer, point.measures.rank90, marker, color=colour, ms=5, label=label)


def _points(experiment: Experiment) -> list[Point]:
    models = [model for model in experiment.models if not model.is_compressed]
    return [_point(experiment, model, kind) for model in models for kind in KINDS]


def _point(experiment: Experiment, model: Trained, kind: str) -> Point:
    last = model.history.epochs[-1]
    matrix = last_matrix(list(last.matrices), kind)
    if matrix is None:
        raise UserError(
            f"{experiment.layout.am(model.row) / 'history.json'} has no {KINDS[kind]} matrix of a "
            "recurrent layer of its own: this figure needs factorization partial or split"
        )
    return Point(model, kind, matrix, last.matrices[matrix], last.dev_cer)


def last_matrix(names: Sequence[str], kind: str) -> str | None:
    """Return the last recurrent layer's matrix of a kind, e.g. `gru2_rec` of `rec`."""
    form = re.compile(rf"(gru|lstm)\d+[._]{kind}(_\d+)?")
    found = [name for name in names if form.fullmatch(name)]
    return found[-1] if found else None


def _table(points: Sequence[Point]) -> Table[Point]:
    columns: tuple[Column[Point], ...] = (
        words("system", "system", lambda p: p.model.row.system),
        words("penalty", "penalty", lambda p: p.model.system.penalty.type),
        number("λ rec", "lambda_rec", lambda p: p.model.system.penalty.lambda_rec),
        number("λ nonrec", "lambda_nonrec", lambda p: p.model.system.penalty.lambda_nonrec),
        words("seed", "seed", lambda p: p.model.row.seed),
        words("matrix", "matrix", lambda p: p.matrix),
        number("ν", "nu", lambda p: p.measures.nu),
        number("rank at 90 %", "rank90", lambda p: p.measures.rank90),
        number("CER", "dev_cer_greedy", lambda p: p.dev_cer),
    )
    return Table("spectrum", columns, tuple(line(columns, point) for point in points))
