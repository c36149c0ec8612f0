"""Size of the language model against perplexity on dev and WER of the baseline."""

from dataclasses import dataclass
from math import nan
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from schatten.artifacts import LmInfo, Score, Weights, read
from schatten.recipe.curves import WHOLE_BITS
from schatten.recipe.language_models import LanguageModel
from schatten.recipe.layout import baseline_node, curve_models, search_with
from schatten.report.collect import Experiment
from schatten.report.columns import Column, Table, interval, line, number, percent, words
from schatten.report.figures import series

COLOURS = {"own": "#0072b2", "witten_bell": "#d55e00"}
"""Colours by `Prune.history`; colour-blind readers can tell them apart."""
HISTORIES = {"own": "histories: its own", "witten_bell": "histories: Witten-Bell"}


@dataclass(frozen=True)
class SizePoint:
    """A language model, and the baseline's scores with it."""

    name: str
    settings: LanguageModel
    info: LmInfo
    weights: Weights
    dev: Score
    test: Score
    in_tables: bool
    """Whether it is a column of the tables, rather than a point of the curve alone."""

    @property
    def bits(self) -> int:
        """Bits of a probability."""
        return self.settings.quantize_bits or WHOLE_BITS

    @property
    def history(self) -> str | None:
        """The source of the probabilities of histories, if it was pruned."""
        return self.settings.prune.history if self.settings.prune else None

    @property
    def perplexity(self) -> float | None:
        """Perplexity on dev; None for a language model of characters."""
        return self.info.dev.perplexity if self.info.dev and self._has_words else None

    @property
    def _has_words(self) -> bool:
        return self.settings.decoder == "lexicon"


def draw(experiment: Experiment) -> tuple[Figure, Table[SizePoint]]:
    """Draw perplexity (left) and WER (right) against megabytes."""
    points = [_point(experiment, name) for name in curve_models(experiment.recipe)]
    curve = [point for point in points if not point.in_tables]
    figure = Figure((series.WIDE, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    for bits in dict.fromkeys(point.bits for point in curve):
        for history in dict.fromkeys(point.history for point in curve if point.history):
            _line(left, right, _along(curve, bits, history), history, bits)
    for place, point in enumerate(point for point in points if point.in_tables):
        _in_tables(left, right, point, series.MARKERS[place % len(series.MARKERS)])
    _axes(left, right, experiment)
    series.legend_below(figure, right)
    return figure, _table(points)


def _point(experiment: Experiment, name: str) -> SizePoint:
    recipe, layout = experiment.recipe, experiment.layout
    node = baseline_node(recipe)
    decoder, lm = search_with(recipe, name)
    dev, test = recipe.splits.dev, recipe.splits.test[0]
    return SizePoint(
        name,
        recipe.language_models[name],
        read(layout.lm(name) / "info.json", LmInfo),
        read(layout.weights(node, lm, decoder), Weights),
        experiment.score(node, name, dev),
        experiment.score(node, name, test),
        name in recipe.table_language_models,
    )


def _along(curve: list[SizePoint], bits: int, history: str) -> list[SizePoint]:
    """Return the points of a line, the largest, which is the whole model, first."""
    found = [p for p in curve if p.bits == bits and p.history in (None, history)]
    return sorted(found, key=lambda point: -point.info.megabytes)


def _line(left: Axes, right: Axes, points: list[SizePoint], history: str, bits: int) -> None:
    style = "-" if bits == WHOLE_BITS else "--"
    colour, sizes = COLOURS[history], [point.info.megabytes for point in points]
    label = f"{HISTORIES[history]}, {bits} bits"
    common: dict[str, Any] = {"color": colour, "linewidth": 1, "marker": "o", "markersize": 3}
    left.plot(sizes, [p.perplexity or nan for p in points], linestyle=style, **common)
    right.plot(sizes, [p.test.wer for p in points], linestyle=style, label=label, **common)
    right.plot(sizes, [p.dev.wer for p in points], linestyle=style, color=colour, alpha=0.35)


def _in_tables(left: Axes, right: Axes, point: SizePoint, marker: str) -> None:
    """Mark a language model of the tables, with the interval of its WER."""
    size, (low, high) = point.info.megabytes, point.test.wer_interval
    right.plot([size, size], [low, high], color="black", linewidth=0.6, alpha=0.6)
    for axes, value in ((left, point.perplexity), (right, point.test.wer)):
        if value is not None:
            axes.plot(size, value, marker, color="black", ms=5, mfc="none", label=point.name)


def _axes(left: Axes, right: Axes, experiment: Experiment) -> None:
    recipe = experiment.recipe
    dev, test = recipe.splits.dev, recipe.splits.test[0]
    for axes in (left, right):
        axes.set_xscale("log")
        series.plain_decades(axes.xaxis)
        axes.set_xlabel("language model (MB)")
    left.set_ylabel(f"perplexity, {dev}")
    right.set_ylabel(f"WER (%), {recipe.tables.baseline}")
    confidence = percent(recipe.tables.confidence)
    left.set_title("perplexity of known words", fontsize=7)
    right.set_title(f"{test}; pale: {dev}; in the tables: black, {confidence} interval", fontsize=7)


def _table(points: list[SizePoint]) -> Table[SizePoint]:
    columns: tuple[Column[SizePoint], ...] = (
        words("LM", "language_model", lambda p: p.name),
        Column("threshold", ("threshold",), lambda p: (_threshold(p),), str, digits=15),
        words("histories", "history", lambda p: p.history),
        words("bits", "bits", lambda p: p.bits),
        words("n-grams", "ngrams", lambda p: p.info.total),
        words("bytes", "bytes", lambda p: p.info.bytes["bin"]),
        number("perplexity", "perplexity_dev", lambda p: p.perplexity),
        number("WER dev", "wer_dev", lambda p: p.dev.wer),
        number("WER test", "wer_test", lambda p: p.test.wer),
        interval("interval", "wer_test", lambda p: p.test.wer_interval),
        number("LM weight", "lm_weight", lambda p: p.weights.lm_weight),
        number("word bonus", "word_bonus", lambda p: p.weights.word_bonus),
    )
    return Table("lm_curve", columns, tuple(line(columns, point) for point in points))


def _threshold(point: SizePoint) -> float | None:
    """Return the threshold that the recipe says; a goal in MB or n-grams has none."""
    return point.settings.prune.threshold if point.settings.prune else None
