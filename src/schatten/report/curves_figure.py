"""Curves of trainings as a figure, with all numbers in a CSV beside it."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from matplotlib import colormaps, style
from matplotlib.figure import Figure

from schatten.errors import UserError
from schatten.report.curves import Curves
from schatten.report.figures import METADATA, STYLE
from schatten.report.figures.series import WIDE
from schatten.runtime import files

MOST_NAMED = 20
"""With more trainings the legend would be longer than the figure: the CSV has their names."""
_HEAD = ("training", "of", "step", "epoch", "train_loss", "dev_loss", "error_rate", "learning_rate")


def write(trainings: Sequence[Curves], output: Path, *, over_steps: bool) -> Path:
    """Draw losses, error rate and learning rate side by side; return the CSV beside it.

    Errors: `UserError` for a format that is not known.
    """
    if output.suffix not in METADATA:
        raise UserError(f"{output}: a figure ends in {', '.join(METADATA)}")
    with style.context(STYLE):
        figure = _drawn(trainings, over_steps)
        with files.atomic_output(output) as beside:
            figure.savefig(beside, dpi=200, metadata=METADATA[output.suffix])
    table = output.with_suffix(".csv")
    files.write_text(table, as_csv(trainings))
    return table


def _drawn(trainings: Sequence[Curves], over_steps: bool) -> Figure:
    named = len(trainings) <= MOST_NAMED
    figure = Figure((WIDE, 2.4 + 0.14 * (len(trainings) + 1) * named), layout="constrained")
    loss, error, rate = figure.subplots(1, 3)
    colours = colormaps["tab10" if len(trainings) <= 10 else "tab20"]
    for number, one in enumerate(trainings):
        colour = colours(number % colours.N)
        loss.plot(*_axes(one.train_loss(over_steps=over_steps)), color=colour, lw=0.8)
        dev = one.of_epochs("dev_loss", over_steps=over_steps)
        loss.plot(*_axes(dev), color=colour, lw=0.8, ls=":", marker=".", ms=4)
        errors = one.of_epochs("dev_cer", over_steps=over_steps)
        error.plot(*_axes(errors), color=colour, lw=0.8, marker=".", ms=4, label=one.name)
        rate.plot(*_axes(one.learning_rate(over_steps=over_steps)), color=colour, lw=0.8)
    loss.set_title("loss of an utterance\n(dots: on dev)")
    error.set_title("unit error rate\non dev, greedy (%)")
    rate.set_title("learning rate\n")
    for axes in (loss, error, rate):
        axes.set_xlabel("steps" if over_steps else "epochs")
        axes.set_ylim(bottom=0)
    if named:
        figure.legend(loc="outside lower center", fontsize=7, labelspacing=0.3)
    return figure


def _axes(series: Sequence[tuple[float, float]]) -> tuple[list[float], list[float]]:
    return [x for x, _ in series], [y for _, y in series]


def as_csv(trainings: Sequence[Curves]) -> str:
    """Return a line for each point of each training (`of`: point), and for each epoch."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(_HEAD)
    for one in trainings:
        for at in one.points:
            rows.writerow((one.name, "point", at.step, at.epoch, at.loss, "", "", at.learning_rate))
        for number, (steps, epoch) in enumerate(zip(one.steps, one.epochs, strict=True), 1):
            losses = epoch.train_loss, epoch.dev_loss, epoch.dev_cer, epoch.learning_rate
            said = ["" if value is None else f"{value:.6g}" for value in losses]
            rows.writerow((one.name, "epoch", steps, number, *said))
    return text.getvalue()
