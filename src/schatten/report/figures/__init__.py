"""Figures, each with the numbers of its points in a CSV beside it.

A kind of figure is a function from the experiment to a drawing and its points, in a module of this
package; `schatten.recipe.figures` lists the kinds.
"""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from matplotlib import style
from matplotlib.figure import Figure
from matplotlib.text import Text

from schatten.errors import UserError, known
from schatten.recipe import Recipe
from schatten.recipe.figures import CURVES, FIGURES, why_not
from schatten.recipe.rates import with_names
from schatten.report.collect import Experiment
from schatten.report.columns import Table
from schatten.report.render import to_csv
from schatten.report.settings import refuse_other_settings
from schatten.runtime import files

Drawing = tuple[Figure, Table[Any]]

STYLE = {
    "font.size": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.3,
    "legend.frameon": False,
    "svg.hashsalt": "schatten",
}

METADATA: dict[str, dict[str, None]] = {
    ".png": {"Software": None},
    ".pdf": {"CreationDate": None, "Creator": None, "Producer": None},
    ".svg": {"Date": None, "Creator": None},
}
"""Metadata by suffix that matplotlib must leave out, so that equal figures have equal bytes."""


def drawing(kind: str) -> Callable[[Experiment], Drawing]:
    """Return the function that draws a kind of figure."""
    module, _, name = FIGURES[kind].drawing.partition(".")
    function: Callable[[Experiment], Drawing] = getattr(import_module(f"{__name__}.{module}"), name)
    return function


def _name_rates(figure: Figure, recipe: Recipe) -> None:
    """Give the error rates in the texts of a figure the names that they have in a recipe."""
    for text in figure.findobj(Text):
        assert isinstance(text, Text), "findobj returns what was asked for"
        text.set_text(with_names(recipe, text.get_text()))


def write(experiment: Experiment, kind: str, output: Path) -> Path:
    """Draw a figure to `output` (.png, .pdf or .svg); return the CSV of its points beside it.

    Errors: `UserError` for an unknown kind or format, if the recipe lacks the systems for it, or
    if results were made with other settings than the recipe has now.
    """
    known("figure", kind, FIGURES)
    if reason := why_not(experiment.recipe, kind):
        raise UserError(f"there is no figure {kind!r} here: {reason}")
    if output.suffix not in METADATA:
        raise UserError(f"{output}: a figure ends in {', '.join(METADATA)}")
    if kind not in CURVES:  # a curve is drawn as soon as its own points are there
        refuse_other_settings(experiment)
    with style.context(STYLE):
        figure, points = drawing(kind)(experiment)
        if experiment.recipe.text.words == "characters":
            _name_rates(figure, experiment.recipe)
        with files.atomic_output(output) as beside:
            figure.savefig(beside, dpi=200, metadata=METADATA[output.suffix])
    table = output.with_suffix(".csv")
    files.write_text(table, to_csv([points]))
    return table
