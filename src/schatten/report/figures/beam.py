"""Speed and WER of the search against its beam, with a line for each language model."""

from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from schatten.artifacts import BeamPoint, Beams, read
from schatten.recipe.layout import beam_models, search_with
from schatten.report.collect import Experiment
from schatten.report.columns import Column, Table, line, number, words
from schatten.report.figures import series

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")


@dataclass(frozen=True)
class BeamResult:
    """A search with one beam and one language model."""

    language_model: str
    decoder: str
    measured: BeamPoint
    of: Beams

    @property
    def real_time_factor(self) -> float:
        """Seconds of search for a second of audio."""
        return self.measured.seconds / self.of.seconds_of_audio


def draw(experiment: Experiment) -> tuple[Figure, Table[BeamResult]]:
    """Draw WER (left) and real-time factor (right) against the beam."""
    recipe = experiment.recipe
    lines = {name: _points(experiment, name) for name in beam_models(recipe)}
    figure = Figure((series.WIDE, 2.9 + 0.14 * len(lines)), layout="constrained")
    left, right = figure.subplots(1, 2)
    for place, (name, points) in enumerate(lines.items()):
        beams = [point.measured.beam for point in points]
        style: dict[str, Any] = {
            "color": COLOURS[place % len(COLOURS)],
            "marker": series.MARKERS[place % len(series.MARKERS)],
            "markersize": 4,
            "linewidth": 1,
            "label": f"{name}, {points[0].decoder}",
        }
        left.plot(beams, [point.measured.wer for point in points], **style)
        right.plot(beams, [point.real_time_factor for point in points], **style)
    _axes(left, right, experiment)
    series.legend_below(figure, left)
    found = [point for points in lines.values() for point in points]
    return figure, _table(found)


def _points(experiment: Experiment, name: str) -> list[BeamResult]:
    decoder, lm = search_with(experiment.recipe, name)
    beams = read(experiment.layout.beams(decoder, lm), Beams)
    return [BeamResult(name, decoder, measured, beams) for measured in beams.beams]


def _axes(left: Axes, right: Axes, experiment: Experiment) -> None:
    recipe = experiment.recipe
    for axes in (left, right):
        axes.set_xscale("log")
        series.plain_decades(axes.xaxis)
        axes.set_xlabel("beam (hypotheses)")
        axes.axvline(recipe.decoding.beam, color="black", linewidth=0.6, linestyle=":")
    right.set_yscale("log")
    series.plain_decades(right.yaxis)
    left.set_ylabel(f"WER (%), {recipe.splits.dev}, {recipe.tables.baseline}")
    right.set_ylabel("real-time factor of the search")
    left.set_title("dotted: the recipe's beam", fontsize=7)
    right.set_title("one thread, without the acoustic model", fontsize=7)


def _table(points: list[BeamResult]) -> Table[BeamResult]:
    columns: tuple[Column[BeamResult], ...] = (
        words("LM", "language_model", lambda p: p.language_model),
        words("decoder", "decoder", lambda p: p.decoder),
        words("beam", "beam", lambda p: p.measured.beam),
        number("WER", "wer_dev", lambda p: p.measured.wer),
        words("differing", "differing_from_widest", lambda p: p.measured.differing),
        words("utterances", "utterances", lambda p: p.of.utterances),
        number("s", "seconds", lambda p: p.measured.seconds),
        number("RTF", "real_time_factor", lambda p: p.real_time_factor, digits=5),
    )
    return Table("beam", columns, tuple(line(columns, point) for point in points))
