"""WER against parameters, by the technique that makes a model small.

After figure 8 of the trace norm paper (Kliegl et al., 2018), which has sparse models of
Narang et al. (2017) too. Zeros of pruned models do not count as parameters.
"""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from schatten.recipe.kinds import technique, techniques
from schatten.report.collect import Experiment, Result
from schatten.report.columns import Column, Table, line, words
from schatten.report.figures import parameters, series

SEE = "(λ and seed of each point: see the CSV)"


def draw(experiment: Experiment) -> tuple[Figure, Table[Result]]:
    """Draw models smaller than the baseline on the main test split, and the baseline as a star."""
    results = [
        result
        for result in experiment.results(experiment.recipe.splits.test[0])
        if result.model.node.precision == "fp32"  # others are the same parameters once more
    ]
    names = techniques(experiment.recipe)
    baselines = [result for result in results if result.difference is None]
    largest = max(result.model.history.parameters for result in baselines)
    shown = [
        result
        for result in results
        if _technique(experiment, result) and result.model.history.parameters < largest
    ]
    labels = {(name, 0): name for name in [*names, SEE]}
    figure, (axes,) = series.new_figure(1, labels)
    for place, name in enumerate(names):
        points = [result for result in shown if _technique(experiment, result) == name]
        _points(axes, points, *series.look(place), name)
    axes.plot([], [], " ", label=SEE)
    for result in baselines:
        parameters.baseline(axes, result, parameters.WER)
    parameters.finish(axes, experiment, [*shown, *baselines], parameters.WER)
    axes.set_xlabel("parameters (million)")
    series.legend_below(figure, axes)
    return figure, _table(experiment, [*baselines, *shown])


def _technique(experiment: Experiment, result: Result) -> str | None:
    return technique(experiment.recipe, result.model.node)


def _points(axes: Axes, results: list[Result], colour: str, marker: str, label: str) -> None:
    for result in results:
        at, rate = parameters.megaparameters(result), result.main.wer
        axes.plot(at, rate, marker, color=colour, ms=4, label=label)
        axes.plot([at, at], result.main.wer_interval, color=colour, lw=0.8, alpha=0.5)


def _table(experiment: Experiment, results: list[Result]) -> Table[Result]:
    first: Column[Result] = words(
        "technique", "technique", lambda r: _technique(experiment, r) or "baseline"
    )
    columns = (first, *parameters.columns(experiment, parameters.WER))
    return Table("techniques", columns, tuple(line(columns, result) for result in results))
