"""Error rates of greedy decoding: their names for each kind of units, and whether they compare."""

import re

from schatten.recipe import Recipe
from schatten.recipe.systems import CHARACTERS
from schatten.recipe.units import Tied

_WER = re.compile(r"\bWER\b")


def writes_words(recipe: Recipe, units: str) -> bool:
    """Tell whether the units of a set spell words, so that no lexicon is needed to read them."""
    settings = recipe.unit_set(units)
    return settings is None or settings.writes_words


def mixes_units(recipe: Recipe) -> bool:
    """Tell whether systems use several sets of units. Their greedy error rates do not compare."""
    return len(recipe.unit_sets) > 1


def names_units(recipe: Recipe) -> bool:
    """Tell whether tables name the units of each system: not if all systems use characters."""
    return recipe.unit_sets != (CHARACTERS,)


def has_unit_errors(recipe: Recipe) -> bool:
    """Tell whether greedy results of some system are scored in units: its units spell no words."""
    return not all(writes_words(recipe, name) for name in recipe.unit_sets)


def greedy_rate(recipe: Recipe, *units: str) -> str:
    """Return the name of the error rate of greedy results: CER, PER for phones, or UER.

    UER is for tied phones, and for sets of several kinds. `units` are names of unit sets; without
    any, all sets of the recipe count.
    """
    sets = units or recipe.unit_sets
    return _one_of({"CER" if writes_words(recipe, one) else _of_units(recipe, one) for one in sets})


def unit_rate(recipe: Recipe) -> str:
    """Return the name of the error rate of units that spell no words: PER, or UER if tied."""
    sets = [name for name in recipe.unit_sets if not writes_words(recipe, name)]
    return _one_of({_of_units(recipe, name) for name in sets})


def _of_units(recipe: Recipe, name: str) -> str:
    return "UER" if isinstance(recipe.unit_set(name), Tied) else "PER"


def with_names(recipe: Recipe, text: str) -> str:
    """Return a text for a table or figure; if each character is a word, WER is called CER."""
    return _WER.sub("CER", text) if recipe.text.words == "characters" else text


def rate_of_grids(recipe: Recipe) -> str:
    """Return the name of the greedy error rate of the grids' points."""
    return greedy_rate(recipe, *(grid.units for grid in recipe.grids.values()))


def trained_rate(recipe: Recipe, *units: str) -> str:
    """Return the name of the unit error rate in a training history; for pieces it is UER.

    `units` are as in `greedy_rate`.
    """
    sets = units or recipe.unit_sets
    kinds = {getattr(recipe.unit_set(name), "type", CHARACTERS) for name in sets}
    return _one_of({_OF_KIND.get(kind, "UER") for kind in kinds})


_OF_KIND = {CHARACTERS: "CER", "grams": "CER", "phones": "PER"}


def _one_of(names: set[str]) -> str:
    return names.pop() if len(names) == 1 else "UER"


def choosing_lm(recipe: Recipe) -> str | None:
    """Return the language model with which models are chosen on dev; None for greedy results.

    If systems use several sets of units, it is the main language model.
    """
    return next(iter(recipe.table_language_models), None) if mixes_units(recipe) else None
