"""Choices by dev, never by test: the points of a grid that continue, and the models of tiers."""

from collections.abc import Mapping
from pathlib import Path
from statistics import fmean

from schatten.artifacts import Choice, GridPoint, Score, TierModel, Tiers, read
from schatten.recipe import Recipe
from schatten.recipe.chain import Node
from schatten.recipe.layout import Layout, grid_nodes


def chosen_systems(path: Path) -> list[str]:
    """Return the names of the systems that continue, from a file that `choose` wrote."""
    return read(path, Choice).chosen


def tier_node(recipe: Recipe, tier: TierModel) -> Node:
    """Return the node of a tier's model."""
    return recipe.node(tier.system, tier.seed, tier.place)


def chosen_tiers(recipe: Recipe, path: Path) -> list[Node]:
    """Return the models in a file that `tiers` wrote, each once."""
    return list(dict.fromkeys(tier_node(recipe, tier) for tier in read(path, Tiers).tiers))


def choose(recipe: Recipe, layout: Layout, grid: str) -> Choice:
    """Compare a grid's points by the error rate of their best paths on dev; of equals, the first.

    It is the CER, or the unit error rate of units that write no words.
    """
    rates: dict[str, dict[int, float]] = {}
    for node in grid_nodes(recipe, grid):
        score = read(layout.score(node, "greedy", "none", recipe.splits.dev), Score)
        rates.setdefault(node.system, {})[node.seed] = score.cer
    penalties = {name: recipe.systems[name].regularizer.type for name in rates}
    means = {name: round(fmean(seeds.values()), 4) for name, seeds in rates.items()}
    best = _best(means, penalties, recipe.grids[grid].best.count)
    points = [
        GridPoint(
            system=name,
            penalty=penalties[name],
            dev_cer=means[name],
            dev_cer_by_seed=seeds,
            chosen=name in best,
        )
        for name, seeds in rates.items()
    ]
    return Choice(grid=grid, split=recipe.splits.dev, points=points)


def _best(means: dict[str, float], penalties: Mapping[str, str], count: int) -> list[str]:
    """Return the `count` systems of each penalty with the lowest means."""
    best: list[str] = []
    for penalty in dict.fromkeys(penalties.values()):
        names = [name for name in means if penalties[name] == penalty]
        best += sorted(names, key=means.__getitem__)[:count]
    return best


def write(choice: Choice, path: Path) -> None:
    """Write a choice as JSON."""
    choice.write(path)
