"""Unit sets in a recipe: built in or named, chosen by a system, or refused."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from schatten.errors import UserError
from schatten.recipe import Recipe
from schatten.recipe.layout import Layout
from schatten.recipe.rates import (
    choosing_lm,
    greedy_rate,
    mixes_units,
    trained_rate,
    writes_words,
)
from schatten.recipe.units import Phones, Pieces

Load = Callable[..., Recipe]
LM = {"language_models": {"characters": None}}
"""Without the smoke recipe's n-grams of characters, which search characters alone."""
GERMAN = {"units": {"german": {"type": "phones", "language": "de"}}}


def test_characters_are_the_default_and_read_no_file(load: Load) -> None:
    recipe = load("{}")
    node, layout = recipe.start("it", 1), Layout("c", "e", "k")
    assert (node.units, recipe.unit_sets, recipe.unit_set("characters")) == (
        "characters",
        ("characters",),
        None,
    )
    assert "units" not in node.needs
    assert "units" not in node.settings
    assert layout.lexicon("big") == layout.lm("big") / "lexicon"
    assert layout.graph("big") == layout.lm("big") / "graph.fst"


def test_phones_and_pieces_need_no_entry(load: Load) -> None:
    recipe = load("units: phones", **LM)
    assert recipe.unit_set("phones") == Phones(type="phones")
    assert recipe.unit_set("pieces") == Pieces(type="pieces")
    node, layout = recipe.start("it", 1), Layout("c", "e", "k")
    folder = layout.home / "units/phones"
    assert layout.needed(node)["units"] == folder / "inventory.json"
    assert layout.pronunciations("phones") == folder / "words.phones.tsv"
    assert layout.lexicon("big", "phones") == folder / "big/lexicon"
    assert layout.graph("big", "phones") == folder / "big/graph.fst"


def test_the_settings_of_a_unit_set_are_those_of_every_training(load: Load) -> None:
    chain = "chain: [train: , truncate: {tau: 0.5}, train: ]"
    recipe = load(f"units: german\n{chain}", **GERMAN, **LM)
    first, truncated, last = recipe.nodes("it", 1)
    for node in (first, last):
        units = json.loads(node.settings)["settings"][-1]["units"]
        assert (units["type"], units["language"]) == ("phones", "de")
    assert "units" not in truncated.needs, "a truncation reads no labels"
    other = load("units: phones", **LM).start("it", 1)
    assert other.settings != first.settings


def test_models_of_several_sets_are_chosen_with_a_language_model(load: Load) -> None:
    mixed = load("units: phones", **LM)
    assert mixes_units(mixed)
    assert choosing_lm(mixed) == mixed.table_language_models[0]
    assert greedy_rate(mixed) == "UER"
    assert (greedy_rate(mixed, "phones"), trained_rate(mixed, "phones")) == ("PER", "PER")
    assert (greedy_rate(mixed, "pieces"), trained_rate(mixed, "pieces")) == ("CER", "UER")
    assert not writes_words(mixed, "phones")
    assert writes_words(mixed, "pieces")
    plain = load("{}")
    assert (choosing_lm(plain), greedy_rate(plain)) == (None, "CER")


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("units: morae", LM, "there is no 'morae'; there are characters, phones, pieces, grams"),
    ("units: grams", {}, "characters is of characters, but it writes grams: decode with"),
    (
        "chain: [train: {techniques: [initialise: {system: nobody}]}]",
        LM,
        "systems.it.initialise: there is no 'nobody'",
    ),
    (
        "chain: [train: {techniques: [initialise: {system: it}]}]",
        LM,
        "it needs another system's model first: name a system with neither `initialise`",
    ),
    (
        "chain: [train: {techniques: [l2: {}, initialise: {system: dense}]}]",
        LM,
        "stage1: initialise acts before all other techniques: put it first",
    ),
    (
        "chain: [train: {}, train: {techniques: [initialise: {system: dense}]}]",
        LM,
        "stage2: initialise gives a model its first weights: put it into the first `train`",
    ),
    (
        "factorization: joint\nchain: [train: {techniques: [initialise: {system: dense}]}]",
        LM,
        "dense stores its matrices in another way than it starts with",
    ),
    ("units: phones", {}, "characters is of characters, but it writes phones: decode with"),
    (
        "units: phones\ndistill: {teacher: dense}",
        LM,
        "dense writes characters and it phones: they must be the same",
    ),
    ("{}", {"units": {"letters": {"type": "characters"}}}, "a set of type characters is called c"),
    ("{}", {"units": {"characters": {"type": "phones"}}}, "this is the name of characters"),
    ("{}", {"units": {"x": {"type": "phones", "language": "de!"}}}, "units.x"),
]


@pytest.mark.parametrize(("system", "others", "said"), REFUSED)
def test_what_makes_no_sense_is_refused(
    load: Load, system: str, others: dict[str, Any], said: str
) -> None:
    with pytest.raises(UserError) as refused:
        load(system, **others)
    assert said in str(refused.value)
