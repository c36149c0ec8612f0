"""Which tables a recipe has, by its systems."""

from schatten.recipe import Recipe
from schatten.recipe.hours import has_learning_curve
from schatten.recipe.layout import bundle_lm
from schatten.recipe.systems import System

TABLES = {
    "wer": "word error rates",
    "conditions": "word error rates by accent, noise or what else is known",
    "cost": "cost of each training",
    "systems": "systems of the recipe",
    "times": "times of training by penalty and rank",
    "ranks": "ranks and sizes of matrices",
    "stages": "stages of training side by side",
    "sparsity": "zeros of pruned models",
    "compression": "sizes, instructions and costs of models for the engine",
    "predictions": "agreement with a reference model",
    "factorizations": "factorizations side by side",
    "hours": "error rates by hours of training speech",
    "tiers": "models of the tiers",
    "engine": "the engine: precisions and latency",
    "bundles": "bundles for devices",
}
"""Titles of the tables, by the names of their files."""
FORMATS = ("md", "csv", "tex", "html")
"""File name extensions of each table."""


def written(recipe: Recipe) -> list[str]:
    """Return the names of a recipe's tables."""
    wanted = {
        "conditions": bool(recipe.tables.conditions),
        "ranks": any(system.truncations for system in recipe.systems.values()),
        "stages": recipe.tables.stages,
        "sparsity": any(system.is_pruned for system in recipe.systems.values()),
        "compression": has_compression(recipe),
        "predictions": any(system.references for system in recipe.systems.values()),
        "factorizations": bool(factorization_groups(recipe)),
        "hours": has_learning_curve(recipe),
        "tiers": bool(recipe.tables.tiers),
        "engine": any(system.precisions for system in recipe.systems.values()),
        "bundles": recipe.tables.bundles and bundle_lm(recipe) is not None,
    }
    return [name for name in TABLES if wanted.get(name, True)]


def has_compression(recipe: Recipe) -> bool:
    """Whether models are compared by their size, instructions and cost in the engine."""
    found = (one.is_pruned or one.is_quantized for one in recipe.systems.values())
    return recipe.tables.compression or any(found)


def factorization_groups(recipe: Recipe) -> list[dict[str, str]]:
    """Return groups of systems that differ only in factorization and ranks.

    A group has the name of each system by its factorization. Systems without truncation, and
    groups of one system, are left out.
    """
    groups: dict[str, dict[str, str]] = {}
    for name, system in recipe.systems.items():
        if system.truncations:
            groups.setdefault(_alike(system), {}).setdefault(system.factorization, name)
    return [group for group in groups.values() if len(group) > 1]


def _alike(system: System) -> str:
    return system.model_dump_json(exclude={"factorization", "ranks"})
