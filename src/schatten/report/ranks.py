"""Ranks, parameters and WER by rank rule: the baseline, then compressed models.

After table 1 of Prabhavalkar et al. (2016).
"""

from schatten.report.collect import Experiment, Result, by_seed
from schatten.report.columns import Column, Line, Table, line, summary
from schatten.report.wer import wer_columns

KEYS = (
    "system",
    "units",
    "penalty",
    "lambda_rec",
    "factorization",
    "rank",
    "seed",
    "matrix_ranks",
    "parameters",
    "share_of_baseline_percent",
    "wer_{lm}",
    "wer_low",
    "cer_greedy",
    "per_greedy",
    "wer_lm_before_stage2",
    "cer_greedy_before_stage2",
    "per_greedy_before_stage2",
)
"""First keys of the columns that there are, in their order; `{lm}`: the main language model."""


def ranks_table(experiment: Experiment) -> Table[Result]:
    """Return the lines of the main test split for the baseline and for every compressed model."""
    split = experiment.recipe.splits.test[0]
    columns = _columns(experiment)
    shown = [r for r in experiment.results(split) if r.model.is_compressed or not r.difference]
    lines: list[Line] = []
    for group in by_seed(shown):
        lines += [line(columns, result) for result in group]
        if len(group) > 1:
            lines += summary(columns, group, "seed")
    return Table(f"Ranks, split {split}", columns, tuple(lines))


def _columns(experiment: Experiment) -> tuple[Column[Result], ...]:
    found = {column.keys[0]: column for column in wer_columns(experiment)}
    rate = f"wer_{experiment.main_lm}" if experiment.main_lm else "wer_greedy"
    keys = (rate if key == "wer_{lm}" else key for key in KEYS)
    return tuple(found[key] for key in keys if key in found)
