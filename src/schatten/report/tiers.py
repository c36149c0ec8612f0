"""Tiers (T, table 1): for each limit on parameters the model that is best on dev, on test."""

from dataclasses import dataclass

from schatten.report.collect import Experiment, Result
from schatten.report.columns import Column, Table, interval, line, number, percent, words
from schatten.report.penalties import strengths


@dataclass(frozen=True)
class Tier:
    """A limit, and the model chosen for it; none where all are larger."""

    name: str
    limit: int | None
    """Of parameters; none for the baseline."""
    result: Result | None
    dev_cer: float | None
    """Greedy, percent."""


def tiers_table(experiment: Experiment) -> Table[Tier]:
    """Return the baseline and a line for each tier, on the main test split."""
    split = experiment.recipe.splits.test[0]
    results = experiment.results(split)
    baselines = [r for r in results if r.difference is None]
    tiers = [Tier("baseline", None, r, _dev_cer(experiment, r)) for r in baselines]
    for name, limit in experiment.recipe.tables.tiers.items():
        tiers.append(_tier(experiment, name, limit, results))
    columns = _columns(experiment)
    return Table(f"Tiers, split {split}", columns, tuple(line(columns, tier) for tier in tiers))


def _tier(experiment: Experiment, name: str, limit: int, results: list[Result]) -> Tier:
    """Choose by greedy CER on dev among the models that are small enough; the first of equals."""
    small = [r for r in results if r.model.history.parameters <= limit]
    if not small:
        return Tier(name, limit, None, None)
    best = min(small, key=lambda r: _dev_cer(experiment, r))
    return Tier(name, limit, best, _dev_cer(experiment, best))


def _dev_cer(experiment: Experiment, result: Result) -> float:
    return experiment.score(result.model.row, None, experiment.recipe.splits.dev).cer


def _columns(experiment: Experiment) -> tuple[Column[Tier], ...]:
    tables = experiment.recipe.tables
    lm = f"WER {experiment.main_lm}" if experiment.main_lm else "WER greedy"
    return (
        words("tier", "tier", lambda t: t.name),
        number("at most (M)", "limit", lambda t: t.limit, digits=3, scale=1e-6),
        words("system", "system", lambda t: t.result.model.row.system if t.result else "none fits"),
        *strengths(lambda t: t.result.model.system.penalty if t.result else None),
        words("rank", "rank", lambda t: t.result.model.row.rank if t.result else None),
        words("seed", "seed", lambda t: t.result.model.row.seed if t.result else None),
        number(f"CER {experiment.recipe.splits.dev}", "dev_cer_greedy", lambda t: t.dev_cer),
        number("params (M)", "parameters", _parameters, digits=3, scale=1e-6),
        number(lm, "wer", lambda t: t.result.main.wer if t.result else None),
        interval(
            f"{percent(tables.confidence)} interval",
            "wer",
            lambda t: t.result.main.wer_interval if t.result else None,
        ),
        number("relative to baseline (%)", "relative", _relative, digits=1, signed=True),
        interval("relative, paired (%)", "relative", _relative_ends, signed=True),
    )


def _parameters(tier: Tier) -> int | None:
    return tier.result.model.history.parameters if tier.result else None


def _relative(tier: Tier) -> float | None:
    return tier.result.relative.percent if tier.result and tier.result.relative else None


def _relative_ends(tier: Tier) -> tuple[float, float] | None:
    if tier.result is None or tier.result.relative is None:
        return None
    return tier.result.relative.low, tier.result.relative.high
