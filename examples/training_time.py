"""Training time against WER: a figure (docs/how_to/add_a_figure.md)."""

from matplotlib.figure import Figure

from schatten.report.collect import Experiment, Result
from schatten.report.columns import Column, Table, line, number, words
from schatten.report.cost import chain_seconds
from schatten.report.figures import series


def draw(experiment: Experiment) -> tuple[Figure, Table[Result]]:
    """Draw WER on the main test split against the minutes that a model's trainings took.

    They are those of its whole chain of steps, on the machines that they ran on.
    """
    split = experiment.recipe.splits.test[0]
    results = experiment.results(split)
    labels = series.labels([result.model for result in results])
    figure, (axes,) = series.new_figure(1, labels)
    for place, (key, label) in enumerate(labels.items()):
        points = [one for one in results if (one.model.node.system, one.model.node.seed) == key]
        axes.plot(
            [_minutes(experiment, point) for point in points],
            [point.main.wer for point in points],
            series.MARKERS[place % len(series.MARKERS)],
            color=series.COLOURS[points[0].model.system.regularizer.type],
            markersize=4,
            label=label,
        )
    axes.set_xlabel("training time (minutes)")
    axes.set_ylabel(f"WER (%), {split}")
    series.legend_below(figure, axes)
    columns = _columns(experiment)
    return figure, Table("training_time", columns, tuple(line(columns, one) for one in results))


def _minutes(experiment: Experiment, result: Result) -> float:
    return chain_seconds(experiment, result.model.node) / 60


def _columns(experiment: Experiment) -> tuple[Column[Result], ...]:
    return (
        words("system", "system", lambda r: r.model.node.system),
        words("rank", "rank", lambda r: r.model.node.label),
        words("seed", "seed", lambda r: r.model.node.seed),
        number("minutes", "minutes", lambda r: _minutes(experiment, r)),
        number("WER", "wer", lambda r: r.main.wer),
    )
