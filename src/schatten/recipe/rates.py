"""Error rates of the best path: what they are called by units, and whether they compare."""

import re

from schatten.recipe import Recipe
from schatten.recipe.systems import CHARACTERS
from schatten.recipe.units import Tied

_WER = re.compile(r"\bWER\b")


def writes_words(recipe: Recipe, units: str) -> bool:
    """Tell whether words can be read off the units of a set, without a lexicon."""
    settings = recipe.unit_set(units)
    return settings is None or settings.writes_words


def mixes_units(recipe: Recipe) -> bool:
    """Tell whether systems write several sets of units, whose own error rates do not compare."""
    return len(recipe.unit_sets) > 1


def names_units(recipe: Recipe) -> bool:
    """Tell whether tables say which units a system writes: not if all write characters."""
    return recipe.unit_sets != (CHARACTERS,)


def has_unit_errors(recipe: Recipe) -> bool:
    """Tell whether a set of units writes no words, so that greedy results are scored in units."""
    return not all(writes_words(recipe, name) for name in recipe.unit_sets)


def greedy_rate(recipe: Recipe, *units: str) -> str:
    """Return what the error rate of greedy results is called: CER, PER of phones, UER of others.

    Others are tied phones, and sets of several kinds. `units`: names of sets; without any, all of
    the recipe.
    """
    sets = units or recipe.unit_sets
    return _one_of({"CER" if writes_words(recipe, one) else _of_units(recipe, one) for one in sets})


def unit_rate(recipe: Recipe) -> str:
    """Return what the error rate of units that write no words is called: PER, or UER if tied."""
    sets = [name for name in recipe.unit_sets if not writes_words(recipe, name)]
    return _one_of({_of_units(recipe, name) for name in sets})


def _of_units(recipe: Recipe, name: str) -> str:
    return "UER" if isinstance(recipe.unit_set(name), Tied) else "PER"


def with_names(recipe: Recipe, text: str) -> str:
    """Return a text of a table or figure; where each character is a word, its WER is the CER."""
    return _WER.sub("CER", text) if recipe.text.words == "characters" else text


def rate_of_grids(recipe: Recipe) -> str:
    """Return what the greedy error rate of the grids' points is called."""
    return greedy_rate(recipe, *(grid.units for grid in recipe.grids.values()))


def trained_rate(recipe: Recipe, *units: str) -> str:
    """Return what the unit error rate in a training's history is called; that of pieces is UER.

    `units`: as in `greedy_rate`.
    """
    sets = units or recipe.unit_sets
    kinds = {getattr(recipe.unit_set(name), "type", CHARACTERS) for name in sets}
    return _one_of({_OF_KIND.get(kind, "UER") for kind in kinds})


_OF_KIND = {CHARACTERS: "CER", "grams": "CER", "phones": "PER"}


def _one_of(names: set[str]) -> str:
    return names.pop() if len(names) == 1 else "UER"


def choosing_lm(recipe: Recipe) -> str | None:
    """Return the language model with which models are chosen on dev; None: by their best path.

    It is the main one where unit sets are mixed.
    """
    return next(iter(recipe.table_language_models), None) if mixes_units(recipe) else None
