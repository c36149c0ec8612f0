"""What makes a model small, in words: the groups of figures that compare techniques."""

from collections.abc import Iterator

from schatten.recipe import Recipe
from schatten.recipe.chain import Node
from schatten.recipe.pruning import Block
from schatten.recipe.ranks import ParameterBudget, Rank
from schatten.recipe.steps import Prune, RemoveUnits, TrainingStep
from schatten.recipe.systems import System

_TRUNCATED = {
    "none": "truncated, no penalty before",
    "l2": "truncated after l2",
    "trace_norm": "truncated after trace norm",
}


def technique(recipe: Recipe, node: Node) -> str | None:
    """Return the technique that makes a model small; None if there is none."""
    system, baseline = node.system_settings, recipe.systems[recipe.tables.baseline]
    said = [] if node.truncation is None else [truncated(system, node.truncation.rule)]
    if any(isinstance(one.step, RemoveUnits) for one in node.chain):
        said.append("whole units removed")
    if pruned := _pruned(node):
        said.append(pruned)
    if said:
        return ", then ".join(said)
    if system.model != baseline.model and system.regularizer.type == "none":
        return "another dense model" + (", with a teacher" if system.teachers else "")
    return None


def truncated(system: System, rank: Rank) -> str:
    """Return what a truncation of a system by a rule of ranks is called."""
    chosen = ", by a budget" if isinstance(rank, ParameterBudget) else ""
    chosen += ", weighted by inputs" if rank.activations else ""
    shared = ", shared projections" if system.factorization == "projection" else ""
    return f"{_TRUNCATED[system.regularizer.type]}{shared}{chosen}"


def _pruned(node: Node) -> str | None:
    """Say how zeros came into a model's matrices; None if it has none."""
    found = list(_prunings(node))
    if not found:
        return None
    ways = list(dict.fromkeys(way for way, _ in found))
    rounds = len(found) > 1 and ways == [_AT_ONCE]
    said = "pruned in rounds" if rounds else " and ".join(ways)
    return said + (", in blocks" if any(block != (1, 1) for _, block in found) else "")


_AT_ONCE = "pruned at once"


def _prunings(node: Node) -> Iterator[tuple[str, Block]]:
    """Yield each way in which matrices are pruned along a chain, with the size of its blocks."""
    shrunk = False
    for one in node.chain:
        step = one.step
        if isinstance(step, Prune):
            yield "pruned after lasso" if shrunk else _AT_ONCE, step.block
        if not isinstance(step, TrainingStep):
            continue
        for entry in step.techniques:
            shrunk |= entry.lasso is not None
            if entry.pruning is not None:
                yield "pruned gradually", entry.pruning.block
            if entry.threshold_pruning is not None:
                yield "pruned by a rising threshold", entry.threshold_pruning.block


def techniques(recipe: Recipe) -> list[str]:
    """Return the techniques of a recipe, each once."""
    found = [
        technique(recipe, node)
        for name, system in recipe.systems.items()
        for node in recipe.nodes(name, system.seeds[0])
        if node.is_final
    ]
    return list(dict.fromkeys(one for one in found if one is not None))
