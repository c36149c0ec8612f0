"""The page of settings: each default that it prints is the one that the schema has."""

import html
import re

import pytest
import yaml
from pydantic import TypeAdapter

from schatten.recipe import Recipe
from schatten.recipe.base import Settings
from schatten.recipe.describe import settings_page
from schatten.recipe.voicesearch import VoiceSearchCorpus

SECTIONS = {
    part.partition("\n")[0]: dict(re.findall(r"^\| `(\w+)` \| (.*?) \| ", part, re.MULTILINE))
    for part in settings_page().split("\n## ")[1:]
}
"""By group and key, the cell of the default."""


def groups(group: type[Settings], seen: dict[str, type[Settings]]) -> dict[str, type[Settings]]:
    if group.__name__ not in seen:
        seen[group.__name__] = group
        for field in group.model_fields.values():
            for one in _settings_in(field.annotation):
                groups(one, seen)
    return seen


def _settings_in(annotation: object) -> list[type[Settings]]:
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        return [annotation]
    return [one for part in getattr(annotation, "__args__", ()) for one in _settings_in(part)]


GROUPS = groups(Recipe, {})


@pytest.mark.parametrize("name", GROUPS)
def test_every_printed_default_is_read_back_as_the_default(name: str) -> None:
    fields, cells = GROUPS[name].model_fields, SECTIONS[name]
    assert fields.keys() == cells.keys()
    for key, field in fields.items():
        cell = html.unescape(cells[key])
        if cell == "required":
            assert field.is_required()
        elif cell == "none":
            assert field.get_default(call_default_factory=True) in (None, "", {})
        elif other := re.fullmatch(r"see \[(\w+)\]\(#(\w+)\)", cell):
            assert other[1].lower() == other[2] and "required" not in SECTIONS[other[1]].values()
            assert field.default == GROUPS[other[1]]()
        else:
            kind = field.annotation
            value = yaml.safe_load(cell.strip("`"))
            assert TypeAdapter(kind).validate_python(value) == field.default, f"{name}.{key}"


def test_defaults_of_groups_are_printed() -> None:
    cells = SECTIONS[VoiceSearchCorpus.__name__]
    assert cells["speaking_rate"] == "`{low: 105.0, high: 150.0}`"
    assert cells["noise"] == "see [Noise](#noise)"
    assert SECTIONS["System"]["penalty"] == "`{type: none}`"
    assert "as below" not in settings_page()


def test_every_key_has_a_meaning() -> None:
    assert re.findall(r"^\| `\w+` \|.*\|  \|$", settings_page(), re.MULTILINE) == []
    assert "| `source` | required | Always `tsv`. |" in settings_page()
