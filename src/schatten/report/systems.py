"""The manifest: a line with the settings of each system, and whether a point of a grid was chosen.

The recipe makes the names of a grid's systems; this table says what each name means.
"""

from dataclasses import dataclass

from schatten.artifacts import GridPoint
from schatten.recipe.chain import Node
from schatten.recipe.rates import names_units, rate_of_grids
from schatten.recipe.steps import Train
from schatten.recipe.systems import System
from schatten.report.collect import Experiment
from schatten.report.columns import Column, Table, line, number, words
from schatten.report.penalties import strengths


@dataclass(frozen=True)
class SystemRow:
    """A system of the recipe."""

    name: str
    system: System
    nodes: tuple[Node, ...]
    """Nodes of its chain, for its first seed."""
    grid: str | None
    point: GridPoint | None
    """Its entry in the choice; None if it belongs to no grid."""


def systems_table(experiment: Experiment) -> Table[SystemRow]:
    """Return a line for each system, those of the grids last."""
    columns = _columns(experiment)
    lines = tuple(line(columns, entry) for entry in _entries(experiment))
    return Table("Systems", columns, lines)


def _entries(experiment: Experiment) -> list[SystemRow]:
    recipe = experiment.recipe
    points = {p.system: p for choice in experiment.choices.values() for p in choice.points}
    grids = recipe.grid_points
    return [
        SystemRow(name, s, recipe.nodes(name, s.seeds[0]), grids.get(name), points.get(name))
        for name, s in recipe.systems.items()
    ]


def _columns(experiment: Experiment) -> tuple[Column[SystemRow], ...]:
    dev, rate = experiment.recipe.splits.dev, rate_of_grids(experiment.recipe)
    units: Column[SystemRow] = words("units", "units", lambda e: e.system.units)
    return (
        words("system", "system", lambda e: e.name),
        *([units] if names_units(experiment.recipe) else []),
        words("grid", "grid", lambda e: e.grid),
        words("model", "model", lambda e: e.system.model),
        words("training", "training", lambda e: e.system.training),
        words("penalty", "penalty", lambda e: e.system.regularizer.type),
        *strengths(lambda e: e.system.regularizer),
        words("factors", "factorization", lambda e: e.system.factorization),
        words("transition", "transition", transition),
        words("ranks", "ranks", ranks),
        words("seeds", "seeds", lambda e: " ".join(map(str, e.system.seeds))),
        number(
            f"{rate} {dev}, greedy",
            f"dev_{rate.lower()}_greedy",
            lambda e: e.point.dev_cer if e.point else None,
        ),
        words("goes on", "chosen", _chosen),
    )


def ranks(entry: SystemRow) -> str | None:
    """Return the ranks that a system is truncated to, as paths spell them."""
    return " ".join(dict.fromkeys(n.variant for n in entry.nodes if n.step.compresses)) or None


def transition(entry: SystemRow) -> str | None:
    """Return when a system is truncated; None if it is not trained after that."""
    later = [n.step for n in entry.nodes if n.is_compressed and isinstance(n.step, Train)]
    if not later:
        return None
    early = any(step.schedule == "continued" for step in later)
    return "early" if early else "after convergence"


def _chosen(entry: SystemRow) -> str | None:
    if entry.point is None:
        return None
    return "yes" if entry.point.chosen else "no"
