"""The manifest: a line for each system, what it is and, for a point of a grid, what became of it.

Names of a grid's systems are made by the recipe; here stands what each of them means.
"""

from dataclasses import dataclass

from schatten.artifacts import GridPoint as Point
from schatten.recipe.layout import transitions
from schatten.recipe.model import System
from schatten.report.collect import Experiment
from schatten.report.columns import Column, Table, line, number, words
from schatten.report.penalties import strengths


@dataclass(frozen=True)
class Entry:
    """A system of the recipe."""

    name: str
    system: System
    epochs: int
    """Of stage 1."""
    grid: str | None
    point: Point | None
    """What the choice says of it; none where it stands in no grid."""


def systems_table(experiment: Experiment) -> Table[Entry]:
    """Return a line for each system, those of the grids last."""
    columns = _columns(experiment.recipe.splits.dev)
    lines = tuple(line(columns, entry) for entry in _entries(experiment))
    return Table("Systems", columns, lines)


def _entries(experiment: Experiment) -> list[Entry]:
    recipe = experiment.recipe
    points = {p.system: p for choice in experiment.choices.values() for p in choice.points}
    grids = recipe.grid_points
    return [
        Entry(name, s, recipe.trainings[s.training].epochs, grids.get(name), points.get(name))
        for name, s in recipe.systems.items()
    ]


def _columns(dev: str) -> tuple[Column[Entry], ...]:
    return (
        words("system", "system", lambda e: e.name),
        words("grid", "grid", lambda e: e.grid),
        words("model", "model", lambda e: e.system.model),
        words("training", "training", lambda e: e.system.training),
        words("penalty", "penalty", lambda e: e.system.penalty.type),
        *strengths(lambda e: e.system.penalty),
        words("factors", "factorization", lambda e: e.system.factorization),
        words("transition", "transition", _transition),
        words("ranks", "ranks", lambda e: " ".join(transitions(e.system, e.epochs)) or None),
        words("seeds", "seeds", lambda e: " ".join(map(str, e.system.seeds))),
        number(
            f"CER {dev}, greedy", "dev_cer_greedy", lambda e: e.point.dev_cer if e.point else None
        ),
        words("goes on", "chosen", _chosen),
    )


def _transition(entry: Entry) -> str | None:
    stage2 = entry.system.stage2
    return None if stage2 is None else stage2.transition.replace("_", " ")


def _chosen(entry: Entry) -> str | None:
    if entry.point is None:
        return None
    return "yes" if entry.point.chosen else "no"
