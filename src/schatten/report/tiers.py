"""Tiers: for each limit on parameters the model that is best on dev, scored on test.

After table 1 of the trace norm paper (Kliegl et al., 2018).
"""

from dataclasses import dataclass

from schatten.artifacts import choices as choice
from schatten.recipe.chain import Node
from schatten.recipe.layout import baseline_node
from schatten.recipe.rates import choosing_lm, greedy_rate
from schatten.report.collect import Experiment, Result, Trained
from schatten.report.columns import Column, Table, interval, line, number, percent, words
from schatten.report.penalties import strengths


@dataclass(frozen=True)
class TierRow:
    """A limit, and the model chosen for it; None if all models are larger."""

    name: str
    limit: int | None
    """Largest number of parameters; None for the baseline."""
    result: Result | None
    dev_rate: float | None
    """Error rate on dev by which it was chosen, in percent."""


def tiers_table(experiment: Experiment) -> Table[TierRow]:
    """Return the baseline and a line for each tier, on the main test split."""
    split = experiment.recipe.splits.test[0]
    results = experiment.results(split)
    baselines = [r for r in results if r.difference is None]
    tiers = [TierRow("baseline", None, r, experiment.dev_rate(r.model.node)) for r in baselines]
    for name, limit in experiment.recipe.tables.tiers.items():
        tiers.append(_tier(experiment, name, limit, results))
    columns = _columns(experiment)
    return Table(f"Tiers, split {split}", columns, tuple(line(columns, tier) for tier in tiers))


def _tier(experiment: Experiment, name: str, limit: int, results: list[Result]) -> TierRow:
    best = best_model(experiment, limit)
    if best is None:
        return TierRow(name, limit, None, None)
    result = next(r for r in results if r.model == best)
    return TierRow(name, limit, result, experiment.dev_rate(best.node))


def best_model(experiment: Experiment, limit: int) -> Trained | None:
    """Choose by the error rate on dev among models that are small enough; of equals, the first."""
    small = [model for model in experiment.models if model.history.parameters <= limit]
    return min(small, key=lambda model: experiment.dev_rate(model.node), default=None)


def choose_tiers(experiment: Experiment) -> choice.Tiers:
    """Return the baseline and each tier's model; without tiers, every model of a first seed."""
    tiers = experiment.recipe.tables.tiers
    if not tiers:
        first = [m for m in experiment.models if m.node.seed == m.system.seeds[0]]
        return choice.Tiers(tiers=[_stands("", model.node) for model in first])
    best = {name: best_model(experiment, limit) for name, limit in tiers.items()}
    nodes = {name: model.node for name, model in best.items() if model is not None}
    named = {"baseline": baseline_node(experiment.recipe), **nodes}
    return choice.Tiers(tiers=[_stands(name, node) for name, node in named.items()])


def _stands(name: str, node: Node) -> choice.TierModel:
    place = {"rank": node.variant, "stage": node.name}
    return choice.TierModel(name=name, system=node.system, seed=node.seed, **place)


def _columns(experiment: Experiment) -> tuple[Column[TierRow], ...]:
    tables = experiment.recipe.tables
    lm = f"WER {experiment.main_lm}" if experiment.main_lm else "WER greedy"
    return (
        words("tier", "tier", lambda t: t.name),
        number("at most (M)", "limit", lambda t: t.limit, digits=3, scale=1e-6),
        words(
            "system", "system", lambda t: t.result.model.node.system if t.result else "none fits"
        ),
        *strengths(lambda t: t.result.model.system.regularizer if t.result else None),
        words("rank", "rank", lambda t: t.result.model.node.label if t.result else None),
        words("seed", "seed", lambda t: t.result.model.node.seed if t.result else None),
        number(*_chosen_by(experiment), lambda t: t.dev_rate),
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


def _chosen_by(experiment: Experiment) -> tuple[str, str]:
    """Return the heading and the key of the rate by which models are chosen."""
    lm, dev = choosing_lm(experiment.recipe), experiment.recipe.splits.dev
    if lm is not None:
        return f"WER {lm} {dev}", "dev_wer"
    rate = greedy_rate(experiment.recipe)
    return f"{rate} {dev}", f"dev_{rate.lower()}_greedy"


def _parameters(tier: TierRow) -> int | None:
    return tier.result.model.history.parameters if tier.result else None


def _relative(tier: TierRow) -> float | None:
    return tier.result.relative.percent if tier.result and tier.result.relative else None


def _relative_ends(tier: TierRow) -> tuple[float, float] | None:
    if tier.result is None or tier.result.relative is None:
        return None
    return tier.result.relative.low, tier.result.relative.high
