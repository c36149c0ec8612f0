"""Word error rates against hours of training speech: a line for each curve."""

from itertools import groupby

from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from schatten.report.collect import Experiment
from schatten.report.columns import Table, percent
from schatten.report.figures import series
from schatten.report.hours import Point, hours_table, points


def draw(experiment: Experiment) -> tuple[Figure, Table[Point]]:
    """Draw WER on the main test split against hours, both axes logarithmic; return the table too.

    With logarithmic axes, a straight line is a curve that gains the same share by each doubling.
    """
    found = points(experiment)
    names = {(point.series, 0): point.series for point in found}
    figure, (axes,) = series.new_figure(1, names)
    for place, (name, some) in enumerate(groupby(found, key=lambda point: point.series)):
        curve, (colour, marker) = list(some), series.look(place)
        hours, rates = [one.hours for one in curve], [one.wer for one in curve]
        axes.plot(hours, rates, color=colour, marker=marker, ms=4, lw=1, label=name)
        for point in curve:
            axes.plot([point.hours] * 2, point.ends, color=colour, lw=0.8, alpha=0.6)
    axes.set_xscale("log")
    axes.set_yscale("log")
    series.plain_decades(axes.yaxis)
    ticks = sorted({round(point.hours, 1) for point in found})
    axes.set_xticks(ticks, [f"{hours:g}" for hours in ticks])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("hours of training speech")
    confidence = percent(experiment.recipe.tables.confidence)
    axes.set_ylabel(f"WER (%), {confidence} interval")
    lm = f"LM {experiment.main_lm}" if experiment.main_lm else "greedy"
    axes.set_title(f"split {experiment.recipe.splits.test[0]}, {lm}", fontsize=8)
    series.legend_below(figure, axes)
    return figure, hours_table(experiment, found)
