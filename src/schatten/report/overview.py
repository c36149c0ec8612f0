"""The table of the terminal: what each model is, how large, how good, and whether it is worse.

A line is a model in one precision on one test split, over all of its seeds. All other columns are
in the files (`wer`, `engine`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from statistics import fmean

from schatten.artifacts import Score, read
from schatten.recipe.chain import Node
from schatten.recipe.layout import engine_decodings
from schatten.recipe.rates import has_unit_errors
from schatten.report.collect import Experiment, Result, by_seed
from schatten.report.columns import Column, Table, bracket, line, number, percent, rounded, words
from schatten.report.verdict import verdict_word
from schatten.report.wer import count
from schatten.score.paired import SPEAKERS_NEEDED

FRACTIONS = tuple(Fraction(*pair) for pair in ((3, 4), (2, 3), (1, 2), (1, 3), (1, 4), (1, 5)))
"""Sizes that people say as a fraction; others are said in percent."""
NEAR = 0.03
"""A size that is off by at most this share of a fraction is called that fraction."""
DIFFERS = "differs"
"""In place of a verdict that depends on the seed."""
IN_THE_ENGINE = "  {} in the engine"


@dataclass(frozen=True)
class Overview:
    """A model in one precision on a test split; lists have an entry for each seed."""

    name: str
    parameters: float
    """Mean over the seeds."""
    megabytes: float
    """Size in its precision, in 10^6 bytes: numbers in fp32, the exported file in int8 and int4."""
    scores: list[Score]
    verdicts: list[str]


def overview_tables(experiment: Experiment) -> list[Table[Overview]]:
    """Return a table for each test split, the main one first."""
    columns = _columns(experiment)
    found = {split: _rows(experiment, split) for split in experiment.recipe.splits.test}
    return [
        Table(f"on {split}", columns, tuple(line(columns, row) for row in rows))
        for split, rows in found.items()
    ]


def overview_heading(experiment: Experiment) -> str:
    """Say what is measured, with which language model."""
    main = experiment.main_lm
    if main is None:
        return f"{_rate(experiment)} in %, of the best path, without a language model"
    info = experiment.lm_infos[main]
    size = f"{count(info.total)} n-grams, {info.megabytes:.2g} MB"
    return f"{_rate(experiment)} in %, with the language model {main} ({size})"


def overview_notes(experiment: Experiment) -> list[str]:
    """Explain the verdicts and the words of the table, in lines of at most 80 characters.

    Longer are only lines with a long name of a baseline.
    """
    tables = experiment.recipe.tables
    notes = [
        f"Verdict: against {tables.baseline}, by the paired {percent(tables.confidence)} interval "
        "of the difference.",
        f"It resamples speakers if a split has {SPEAKERS_NEEDED} of them, otherwise utterances.",
        f"Not worse: it ends below +{tables.margin:g} points. "
        f"Undecided: it contains both 0 and +{tables.margin:g}.",
    ]
    if any(len(model.system.seeds) > 1 for model in experiment.models):
        notes += [
            "Several seeds: their mean, and the lowest and highest instead of an interval.",
            f"{DIFFERS.capitalize()}: the seeds do not have the same verdict.",
        ]
    return notes


def said_size(share: float) -> str:
    """Say a share of the baseline's parameters as people do.

    >>> [said_size(share) for share in (1.0, 0.324, 0.355, 1.349)]
    ['whole', '1/3 of the size', '36 % of the size', '135 % of the size']
    """
    if round(100 * share) == 100:
        return "whole"
    near = [one for one in FRACTIONS if abs(share - one) <= NEAR * one]
    return f"{near[0] if near else f'{100 * share:.0f} %'} of the size"


def model_names(groups: Sequence[Sequence[Result]], baseline: str) -> list[str]:
    """Name models by system and size; by their label too where that leaves several of one name.

    `groups`: the results of each model, one for each seed. The whole baseline has no size.
    """
    names = []
    for group in groups:
        node = group[0].model.node
        share = fmean(r.model.history.parameters / r.baseline_parameters for r in group)
        alone = node.system == baseline and not node.is_compressed
        seeds = [f"{len(group)} seeds"] if len(group) > 1 else []
        zeros = fmean(r.model.history.zeros / r.model.history.stored_numbers for r in group)
        size = f"{100 * zeros:.0f} % zeros" if zeros else said_size(share)
        names.append(", ".join([node.system, *([] if alone else [size]), *seeds]))
    return [
        f"{name} ({group[0].model.node.label})" if names.count(name) > 1 else name
        for name, group in zip(names, groups, strict=True)
    ]


def _rows(experiment: Experiment, split: str) -> list[Overview]:
    groups = by_seed(experiment.results(split))
    names = model_names(groups, experiment.recipe.tables.baseline)
    rows = []
    for name, group in zip(names, groups, strict=True):
        rows.append(_fp32(experiment, name, group))
        for precision in ("int8", "int4"):
            nodes = [result.model.node for result in group]
            if all(engine_has(experiment, node, precision) for node in nodes):
                rows.append(_in_engine(experiment, group, precision))
    return rows


def _fp32(experiment: Experiment, name: str, group: Sequence[Result]) -> Overview:
    margin = experiment.recipe.tables.margin
    parameters = fmean(result.model.history.parameters for result in group)
    return Overview(
        name,
        parameters,
        fmean(experiment.megabytes(result.model) for result in group),
        [result.main for result in group],
        [verdict_word(r.difference, margin) if r.difference else "baseline" for r in group],
    )


def engine_has(experiment: Experiment, node: Node, precision: str) -> bool:
    """Tell whether the engine decoded a model with the language model of the table."""
    return (precision, experiment.main_lm or "none") in engine_decodings(experiment.recipe, node)


def _in_engine(experiment: Experiment, group: Sequence[Result], precision: str) -> Overview:
    """Return the row of the engine, whose verdict is against the baseline in fp32, too."""
    layout, split, main = experiment.layout, group[0].split, experiment.main_lm or "none"
    nodes = [result.model.node for result in group]
    paths = [layout.score(node, "engine", main, split, precision) for node in nodes]
    margin = experiment.recipe.tables.margin
    differences = [
        experiment.difference(path, node.seed, split)
        for path, node in zip(paths, nodes, strict=True)
    ]
    return Overview(
        IN_THE_ENGINE.format(precision),
        fmean(result.model.history.parameters for result in group),
        fmean(experiment.exported(node, precision).bytes for node in nodes) / 1e6,
        [read(path, Score) for path in paths],
        [verdict_word(difference, margin) for difference in differences],
    )


def _columns(experiment: Experiment) -> tuple[Column[Overview], ...]:
    confidence = percent(experiment.recipe.tables.confidence)
    return (
        words("system", "system", lambda r: r.name),
        number("M params", "parameters", lambda r: r.parameters, digits=3, scale=1e-6, priority=2),
        number("MB", "megabytes", lambda r: r.megabytes, priority=2),
        number(_rate(experiment), "wer", lambda r: fmean(score.wer for score in r.scores)),
        words(f"{confidence} interval", "wer_interval", _spread, priority=3),
        words("verdict", "verdict", _verdict),
    )


def _rate(experiment: Experiment) -> str:
    """Return what the rate is called: units that write no words have no WER without an LM."""
    greedy = experiment.main_lm is None
    return "error rate" if greedy and has_unit_errors(experiment.recipe) else "WER"


def _spread(row: Overview) -> str:
    """Return the bootstrap interval of a single seed; of several, the lowest and the highest."""
    if len(row.scores) == 1:
        return bracket(*row.scores[0].wer_interval)
    wers = [score.wer for score in row.scores]
    return f"{rounded(min(wers), 2)} to {rounded(max(wers), 2)}"


def _verdict(row: Overview) -> str:
    return row.verdicts[0] if len(set(row.verdicts)) == 1 else DIFFERS
