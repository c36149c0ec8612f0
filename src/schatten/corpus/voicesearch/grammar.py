"""The grammars of recipes: those of the package, which are English, and files of one's own."""

from pathlib import Path

from schatten.grammar import Grammar, load_own, load_packaged
from schatten.recipe import Recipe
from schatten.recipe.voicesearch import GRAMMAR_SUFFIXES

FOLDER = Path(__file__).parent / "grammars"

__all__ = ["FOLDER", "Grammar", "grammar_of", "load", "load_own"]


def load(name: str, folder: Path = FOLDER) -> Grammar:
    """Read the grammar that lies in `folder/name/*.grammar`; errors as `load_packaged`."""
    return load_packaged(name, folder)


def grammar_of(recipe: Recipe, name: str) -> Grammar:
    """Read a grammar: one of the package, or the recipe's own; errors as they are read."""
    if not name.endswith(GRAMMAR_SUFFIXES):
        return load(name)
    return load_own(recipe.folder / name, recipe.text.alphabet)
