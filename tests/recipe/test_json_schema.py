"""The JSON schema: every recipe of the project fits it, and what an editor should mark does not."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from project import ROOT
from typer.testing import CliRunner

from schatten.cli import app
from schatten.recipe import load
from schatten.recipe.json_schema import json_schema

SCHEMA = json_schema()
VALIDATOR = Draft202012Validator(SCHEMA)
RECIPES = sorted((ROOT / "recipes").glob("*/*.yaml"))


def faults(recipe: Any) -> list[str]:
    return [one.message for one in VALIDATOR.iter_errors(recipe)]


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", RECIPES, ids=[f"{one.parent.name}/{one.stem}" for one in RECIPES])
def test_every_recipe_of_the_project_fits(path: Path) -> None:
    assert faults(yaml.safe_load(path.read_text("utf-8"))) == []


def test_a_recipe_in_full_fits_too() -> None:
    """What `extends` takes from other files has to fit the strict form."""
    for name in ("voicesearch_like/smoke_sparse", "voicesearch_like/sequence", "wsj/figures"):
        path = ROOT / f"recipes/{name}.yaml"
        assert load(str(path)).title
        merged: dict[str, Any] = {}
        while path is not None:
            data = yaml.safe_load(path.read_text("utf-8"))
            base = data.pop("extends", None)
            merged = merge(data, merged)
            path = None if base is None else path.with_name(f"{base}.yaml")
        assert faults(without_nulls(merged)) == []


def merge(base: dict, change: dict) -> dict:
    both = base | change
    for key in base.keys() & change.keys():
        if isinstance(base[key], dict) and isinstance(change[key], dict):
            both[key] = merge(base[key], change[key])
    return both


def without_nulls(value: dict) -> dict:
    return {
        key: without_nulls(one) if isinstance(one, dict) else one
        for key, one in value.items()
        if one is not None
    }


WRONG = [
    ({"extends": "tiny", "sistems": {}}, "sistems"),
    ({"extends": "tiny", "systems": {"dense": {"sead": [1]}}}, "sead"),
    ({"extends": "tiny", "trainings": {"default": {"epochs": "many"}}}, "many"),
    ({"extends": "tiny", "systems": {"a": {"chain": [{"train": {}, "prune": {}}]}}}, "chain"),
    ({"extends": "tiny", "systems": {"a": {"chain": [{"truncate": {"tao": 0.5}}]}}}, "tao"),
    ({"extends": 3}, "3 is not of type 'string'"),
    ({"title": "Without the rest"}, "'corpus' is a required property"),
]


@pytest.mark.parametrize(("recipe", "said"), WRONG)
def test_what_an_editor_should_mark_does_not_fit(recipe: dict, said: str) -> None:
    assert any(said in fault for fault in faults(recipe)), faults(recipe)


def test_keys_have_their_meanings() -> None:
    epochs = SCHEMA["$defs"]["Training"]["properties"]["epochs"]
    assert len(epochs["description"]) > 10
    assert SCHEMA["$defs"]["Recipe part"]["properties"]["systems"]["description"]


def test_the_verb_prints_it_or_writes_it(tmp_path: Path) -> None:
    printed = CliRunner().invoke(app, ["schema"])
    assert json.loads(printed.output) == SCHEMA
    assert CliRunner().invoke(app, ["schema", "--output", str(tmp_path / "s.json")]).exit_code == 0
    assert (tmp_path / "s.json").read_text() == printed.output
