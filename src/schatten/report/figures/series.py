"""What the figures share: colours of penalties, names of series, the legend below."""

from collections.abc import Iterable

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from schatten.recipe import Recipe
from schatten.recipe.rates import mixes_units
from schatten.recipe.systems import System
from schatten.report.collect import Trained

COLOURS = {"none": "#555555", "l2": "#0072b2", "trace_norm": "#d55e00"}
"""Colours of penalties; colour-blind readers can tell them apart."""
UNIT_COLOURS = ("#555555", "#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00")
"""Colours of unit sets, in the order of the recipe's systems."""
MARKERS = "osD^vP"
"""Markers of the systems of one penalty, in the order of the recipe."""
TECHNIQUE_MARKERS = f"{MARKERS}X*"
"""Markers of techniques: one more than colours, so that a colour returns with another marker."""
TECHNIQUES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#555555")
"""Colours of techniques (Okabe and Ito, 2008); colour-blind readers can tell them apart."""
WIDTH = 3.4
"""Inches: a column of a two-column paper."""
WIDE = 7.0
"""Inches: both columns."""


MOST_NAMED = 8
"""With more series the legend names penalties, and the CSV beside the figure says the rest."""

Labels = dict[tuple[str, int], str]
"""Texts of the legend by system and seed."""


class Colours:
    """The colour of a system's points: that of its unit set where several are mixed."""

    def __init__(self, recipe: Recipe) -> None:
        self._sets = recipe.unit_sets if mixes_units(recipe) else ()

    def of(self, system: System) -> str:
        """Return the colour of a system: of its unit set, or of its penalty."""
        if not self._sets:
            return COLOURS[system.regularizer.type]
        return UNIT_COLOURS[self._sets.index(system.units) % len(UNIT_COLOURS)]

    def kind(self, system: System) -> str:
        """Return what the legend says where there are too many systems to name."""
        return system.units if self._sets else _kind(system)


def labels(models: Iterable[Trained], colours: Colours | None = None) -> Labels:
    """Return the legend's text for each system and seed: with lambda and seed, if they are few."""
    named = {(model.node.system, model.node.seed): model.system for model in models}
    if len(named) > MOST_NAMED:
        kind = _kind if colours is None else colours.kind
        return {key: kind(system) for key, system in named.items()}
    return {(name, seed): label(name, system, seed) for (name, seed), system in named.items()}


def _kind(system: System) -> str:
    penalty = system.regularizer.type
    return "no penalty" if penalty == "none" else f"{penalty} (λ, seed: see the CSV)"


def label(name: str, system: System, seed: int) -> str:
    """Return what the legend says of a system and a seed, with lambda."""
    penalty = system.regularizer
    if penalty.type == "none":
        return f"{name}, seed {seed}"
    strengths = f"λ rec {penalty.lambda_rec:g}, nonrec {penalty.lambda_nonrec:g}"
    return f"{name}, {strengths}, seed {seed}"


def legend_below(figure: Figure, axes: Axes) -> None:
    """Put the legend of `axes` below the figure, one entry in each line, without repetitions."""
    handles, labels = axes.get_legend_handles_labels()
    unique = dict(zip(labels, handles, strict=True))
    figure.legend(
        unique.values(),
        unique.keys(),
        loc="outside lower center",
        fontsize=7,
        handlelength=1.6,
        labelspacing=0.3,
    )


def look(place: int) -> tuple[str, str]:
    """Return colour and marker of a technique by its place in the recipe.

    There are 7 colours and 8 markers, so 56 techniques look different.
    """
    marker = TECHNIQUE_MARKERS[place % len(TECHNIQUE_MARKERS)]
    return TECHNIQUES[place % len(TECHNIQUES)], marker


def plain_decades(axis: Axis) -> None:
    """Label a logarithmic axis at 1, 2 and 5, in plain numbers."""
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_minor_formatter(NullFormatter())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def new_figure(panels: int, named: Labels) -> tuple[Figure, list[Axes]]:
    """Return a figure of some panels side by side, with room for a legend below."""
    height = 2.6 + 0.14 * len(set(named.values()))
    figure = Figure((WIDTH, height), layout="constrained")
    return figure, list(figure.subplots(1, panels, squeeze=False)[0])
