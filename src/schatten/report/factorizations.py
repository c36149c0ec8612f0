"""CER and parameters by factorization and rank, of systems that differ only in factorization.

After table 3 of the trace norm paper (Kliegl et al., 2018).
"""

from collections.abc import Callable
from dataclasses import dataclass

from schatten.recipe.rates import greedy_rate
from schatten.recipe.tables import factorization_groups
from schatten.report.collect import Experiment, Result
from schatten.report.columns import Column, Table, interval, line, number, words
from schatten.report.penalties import strengths


@dataclass(frozen=True)
class FactorizationRow:
    """A rank of two or more systems that differ only in the factorization."""

    rank: str
    seed: int
    results: dict[str, Result]
    """Results by factorization."""

    @property
    def first(self) -> Result:
        """One of the results, for everything that they share."""
        return next(iter(self.results.values()))


def factorizations_table(experiment: Experiment) -> Table[FactorizationRow]:
    """Return a line for each rank, with columns for each factorization."""
    split = experiment.recipe.splits.test[0]
    entries = _entries(experiment, experiment.results(split))
    kinds = list(dict.fromkeys(kind for entry in entries for kind in entry.results))
    columns = (*_shared(), *(column for kind in kinds for column in _columns_of(experiment, kind)))
    lines = tuple(line(columns, entry) for entry in entries)
    return Table(f"Factorizations, split {split}", columns, lines)


def _entries(experiment: Experiment, results: list[Result]) -> list[FactorizationRow]:
    found: dict[tuple[int, str, int], dict[str, Result]] = {}
    for place, group in enumerate(factorization_groups(experiment.recipe)):
        kinds = {system: kind for kind, system in group.items()}
        for result in results:
            node = result.model.node
            if node.system in kinds and result.model.is_compressed:
                found.setdefault((place, node.label, node.seed), {})[kinds[node.system]] = result
    return [
        FactorizationRow(rank, seed, results)
        for (_, rank, seed), results in found.items()
        if len(results) > 1
    ]


def _shared() -> tuple[Column[FactorizationRow], ...]:
    return (
        words("model", "model", lambda e: e.first.model.system.model),
        words("penalty", "penalty", lambda e: e.first.model.system.regularizer.type),
        *strengths(lambda e: e.first.model.system.regularizer),
        words("rank", "rank", lambda e: e.rank),
        words("seed", "seed", lambda e: e.seed),
    )


def _columns_of(experiment: Experiment, kind: str) -> tuple[Column[FactorizationRow], ...]:
    lm, rate = experiment.main_lm or "greedy", greedy_rate(experiment.recipe)
    key = f"{rate.lower()}_greedy"

    def value(get: Callable[[Result], float]) -> Callable[[FactorizationRow], float | None]:
        return lambda e: get(e.results[kind]) if kind in e.results else None

    def ends(entry: FactorizationRow) -> tuple[float, float] | None:
        return entry.results[kind].greedy.cer_interval if kind in entry.results else None

    return (
        words(None, f"system_{kind}", lambda e: _system(e, kind)),
        number(
            f"{kind}: params (M)",
            f"parameters_{kind}",
            value(lambda r: r.model.history.parameters),
            digits=3,
            scale=1e-6,
        ),
        number(f"{kind}: {rate} greedy", f"{key}_{kind}", value(lambda r: r.greedy.cer)),
        interval(f"{kind}: {rate} interval", f"{key}_{kind}", ends),
        number(f"{kind}: WER {lm}", f"wer_{kind}", value(lambda r: r.main.wer)),
    )


def _system(entry: FactorizationRow, kind: str) -> str | None:
    return entry.results[kind].model.node.system if kind in entry.results else None
