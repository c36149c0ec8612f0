"""CER over lambda_rec and lambda_nonrec: a heat map for each penalty of each grid.

After figure 1 of the trace norm paper (Kliegl et al., 2018).
"""

from dataclasses import dataclass
from statistics import fmean

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from schatten.recipe.grid import plain
from schatten.recipe.layout import grid_nodes
from schatten.recipe.rates import rate_of_grids
from schatten.recipe.techniques import Penalty
from schatten.report.collect import Experiment
from schatten.report.columns import Column, Table, interval, line, number, words
from schatten.report.figures import series
from schatten.report.penalties import strengths

ROW_HEIGHT = 2.4
"""Inches of a grid's panels."""


@dataclass(frozen=True)
class GridModel:
    """A model of a grid after stage 1."""

    grid: str
    system: str
    penalty: Penalty
    seed: int
    cer: float
    """Greedy, on dev, percent."""
    ends: tuple[float, float]
    """Ends of its interval."""
    chosen: bool


def draw(experiment: Experiment) -> tuple[Figure, Table[GridModel]]:
    """Draw a row for each grid and a panel for each penalty; chosen points are framed."""
    points = _points(experiment)
    grids = list(experiment.recipe.grids)
    columns = max(len(grid.penalties) for grid in experiment.recipe.grids.values())
    size = (series.WIDE, ROW_HEIGHT * len(grids) + 0.3)
    figure = Figure(size, layout="constrained")
    rows = figure.subplots(len(grids), columns, squeeze=False)
    rates = [point.cer for point in points]
    for panels, grid in zip(rows, grids, strict=True):
        for axes, penalty in zip(panels, experiment.recipe.grids[grid].penalties, strict=False):
            here = [p for p in points if p.grid == grid and p.penalty.type == penalty]
            _panel(axes, here, (min(rates), max(rates)))
            axes.set_title(f"{penalty}" if len(grids) == 1 else f"{grid}: {penalty}", fontsize=8)
        for axes in panels[len(experiment.recipe.grids[grid].penalties) :]:
            axes.remove()
    seeds = sorted({point.seed for point in points})
    said = f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {', '.join(map(str, seeds))}, mean"
    figure.suptitle(
        f"{rate_of_grids(experiment.recipe)} (%), {experiment.recipe.splits.dev}, greedy, "
        f"after stage 1, {said}; framed: goes on",
        fontsize=8,
    )
    return figure, _table(points, rate_of_grids(experiment.recipe))


def _panel(axes: Axes, points: list[GridModel], scale: tuple[float, float]) -> None:
    """Draw the means over seeds as cells; dark is a low CER."""
    rec = sorted({point.penalty.lambda_rec for point in points})
    nonrec = sorted({point.penalty.lambda_nonrec for point in points})
    cells: dict[tuple[float, float], list[GridModel]] = {}
    for point in points:
        key = point.penalty.lambda_rec, point.penalty.lambda_nonrec
        cells.setdefault(key, []).append(point)
    means = [[fmean(p.cer for p in cells[y, x]) for x in nonrec] for y in rec]
    axes.imshow(means, origin="lower", aspect="auto", cmap="viridis", vmin=scale[0], vmax=scale[1])
    middle = sum(scale) / 2
    for (y, x), found in cells.items():
        at = nonrec.index(x), rec.index(y)
        colour = "white" if means[at[1]][at[0]] < middle else "black"
        axes.text(*at, f"{means[at[1]][at[0]]:.1f}", ha="center", va="center", color=colour)
        if found[0].chosen:
            corner = (at[0] - 0.46, at[1] - 0.46)
            axes.add_patch(Rectangle(corner, 0.92, 0.92, fill=False, ec="#d55e00", lw=1.6))
    axes.set_xticks(range(len(nonrec)), [plain(value) for value in nonrec])
    axes.set_yticks(range(len(rec)), [plain(value) for value in rec])
    axes.set_xlabel("λ nonrec")
    axes.set_ylabel("λ rec")
    axes.grid(visible=False)


def _points(experiment: Experiment) -> list[GridModel]:
    found = []
    for grid, choice in experiment.choices.items():
        for node in grid_nodes(experiment.recipe, grid):
            score = experiment.score(node, None, experiment.recipe.splits.dev)
            found.append(
                GridModel(
                    grid,
                    node.system,
                    node.system_settings.regularizer,
                    node.seed,
                    score.cer,
                    score.cer_interval,
                    node.system in choice.chosen,
                )
            )
    return found


def _table(points: list[GridModel], rate: str) -> Table[GridModel]:
    key = f"dev_{rate.lower()}_greedy"
    columns: tuple[Column[GridModel], ...] = (
        words("grid", "grid", lambda p: p.grid),
        words("system", "system", lambda p: p.system),
        words("penalty", "penalty", lambda p: p.penalty.type),
        *strengths(lambda p: p.penalty),
        words("seed", "seed", lambda p: p.seed),
        number(rate, key, lambda p: p.cer),
        interval("interval", key, lambda p: p.ends),
        words("goes on", "chosen", lambda p: "yes" if p.chosen else "no"),
    )
    return Table("grid", columns, tuple(line(columns, point) for point in points))
