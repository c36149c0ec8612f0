"""What a recipe may not ask of tied phones, each in one sentence."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from schatten import recipe as recipes
from schatten.errors import UserError
from schatten.recipe import Recipe
from schatten.recipe.layout import Layout, bundle_lm, engine_decodings
from schatten.recipe.rates import greedy_rate, trained_rate, unit_rate
from schatten.recipe.step_settings import align_settings, tie_settings, units_settings
from schatten.recipe.units import Tied

SMOKE = Path(__file__).parents[2] / "recipes/voicesearch_like/smoke"
Load = Callable[..., Recipe]
TIED: dict[str, Any] = {"type": "tied", "aligner": "dense"}
GRAPH: dict[str, Any] = {
    "language_models": {
        "characters": None,
        "fivegram": None,
        "graph": {"decoder": "wfst", "order": 2},
    },
    "figures": {"lm_curve": None, "beam": None},
}
SYSTEMS = {"dense": {"units": "phones", "precisions": None}}


@pytest.fixture
def loads(tmp_path: Path) -> Load:
    """Load a recipe with a system `it`, over tied phones by default; `dense` writes phones."""

    def read(it: str = "units: tied", **others: Any) -> Recipe:
        systems = {"l2": None, "trace_norm": None, **SYSTEMS, **others.pop("systems", {})}
        systems["it"] = {"model": "small", **yaml.safe_load(it)}
        settings = {"units": {"tied": TIED}, "tables": {"bundles": False}, **GRAPH, **others}
        path = tmp_path / "tied.yaml"
        path.write_text(yaml.safe_dump({"extends": str(SMOKE), "systems": systems, **settings}))
        return recipes.load(str(path))

    return read


def test_tied_phones_are_an_artifact_of_a_trained_model(loads: Load) -> None:
    recipe, layout = loads(), Layout("c", "e", "k")
    node = recipe.start("it", 1)
    assert recipe.tied_set("tied") == Tied(type="tied", aligner="dense")
    assert recipe.aligner("tied") == recipe.start("dense", 1)
    assert layout.needed(node)["units"] == layout.home / "units/tied/inventory.json"
    assert layout.tree("tied") == layout.home / "units/tied/tree.json"
    assert engine_decodings(recipe, node) == [] and bundle_lm(recipe) is None
    assert (greedy_rate(recipe, "tied"), trained_rate(recipe, "tied")) == ("UER", "UER")
    assert (unit_rate(recipe), greedy_rate(recipe, "phones")) == ("UER", "PER")


def test_leaves_change_the_tree_and_not_the_alignments(loads: Load) -> None:
    first = loads()
    settings = align_settings(first, "tied"), tie_settings(first, "tied")
    more = loads(units={"tied": {**TIED, "leaves": 600}})
    assert align_settings(more, "tied") == settings[0] and tie_settings(more, "tied") != settings[1]
    longer = loads(units={"tied": {**TIED, "hours": 5}})
    assert align_settings(longer, "tied") != settings[0]
    assert first.start("it", 1).settings != more.start("it", 1).settings


@pytest.mark.parametrize(
    ("others", "message"),
    [
        (
            {"it": "{units: tied, precisions: [int8]}"},
            "systems.it.precisions: tied are tied phones, which graphs search and the engine does",
        ),
        ({"tables": {"bundles": True}}, "tables.bundles: tied are tied phones, .* no device runs"),
        (
            {"tables": {"bundles": False, "tiers": {"small": 100000}}},
            "tables.tiers: tied are tied phones",
        ),
        (
            {"language_models": {"characters": None}},
            "tables.language_models: tied are tied phones, .*: give fivegram `decoder: wfst`",
        ),
        (
            {"units": {"tied": {**TIED, "aligner": "who"}}},
            "units.tied.aligner: who is no system over phones; take one of dense",
        ),
        (
            {"units": {"tied": {**TIED, "aligner": "it"}}},
            "units.tied.aligner: it is no system over phones; take one of dense",
        ),
        (
            {"units": {"tied": {**TIED, "phones": "pieces"}}},
            "units.tied.phones: 'pieces' is no set of type phones; name one",
        ),
        ({"units": {"tied": {**TIED, "leaves": 0}}}, "units.tied.tied.leaves|leaves"),
    ],
)
def test_what_tied_phones_cannot_do_is_refused(
    loads: Load, others: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        loads(**others)


def test_a_set_that_nothing_writes_may_stand_beside_bundles(loads: Load) -> None:
    recipe = loads("units: phones", tables={"bundles": True})
    assert recipe.tables.bundles and "tied" not in recipe.unit_sets


def test_each_verb_refuses_the_other_kind_of_set(loads: Load) -> None:
    recipe = loads()
    with pytest.raises(UserError, match="tied are tied phones: make them with `schatten align`"):
        units_settings(recipe, "tied")
    for settings in (align_settings, tie_settings):
        with pytest.raises(
            UserError, match="phones are no tied phones: make them with `schatten u"
        ):
            settings(recipe, "phones")
