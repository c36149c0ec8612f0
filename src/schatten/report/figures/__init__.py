"""Figures, each with the numbers of its points in a CSV beside it.

A kind of figure is a function from the experiment to a drawing and its points; a new kind is a
module and an entry in `KINDS`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from matplotlib import style
from matplotlib.figure import Figure

from schatten.errors import UserError
from schatten.recipe.figures import why_not
from schatten.report.collect import Experiment
from schatten.report.columns import Table
from schatten.report.figures import (
    beam,
    grid,
    lm_curve,
    parameters,
    spectrum,
    techniques,
    transition,
)
from schatten.report.render import to_csv
from schatten.runtime import files

Drawing = tuple[Figure, Table[Any]]

KINDS: dict[str, Callable[[Experiment], Drawing]] = {
    "parameters": parameters.draw,
    "cer": parameters.draw_cer,
    "grid": grid.draw,
    "nu": spectrum.draw_nu,
    "rank90": spectrum.draw_rank90,
    "transition": transition.draw,
    "techniques": techniques.draw,
    "lm_curve": lm_curve.draw,
    "beam": beam.draw,
}

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
"""By suffix, what matplotlib would write of itself and of the time."""


def write(experiment: Experiment, kind: str, output: Path) -> Path:
    """Draw a figure to `output` (.png, .pdf or .svg); return the CSV of its points beside it.

    Errors: `UserError` for an unknown kind or format, or without the systems for it.
    """
    if kind not in KINDS:
        raise UserError(f"there is no figure {kind!r}; there are {', '.join(KINDS)}")
    if reason := why_not(experiment.recipe, kind):
        raise UserError(f"there is no figure {kind!r} here: {reason}")
    if output.suffix not in METADATA:
        raise UserError(f"{output}: a figure ends in {', '.join(METADATA)}")
    with style.context(STYLE):
        figure, points = KINDS[kind](experiment)
        with files.atomic_output(output) as beside:
            figure.savefig(beside, dpi=200, metadata=METADATA[output.suffix])
    table = output.with_suffix(".csv")
    files.write_text(table, to_csv([points]))
    return table
