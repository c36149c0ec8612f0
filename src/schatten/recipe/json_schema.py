"""The JSON schema of recipes, for editors and other programs that read YAML.

It has the keys with their types, ranges and descriptions. It cannot check names, such as that of a
system's model, nor other conditions between keys. `schatten run -n` checks those.

A YAML with `extends` may omit any key, and remove one with a null. So each group of settings has a
second form for such files, called `... part`.
"""

from collections.abc import Iterator
from typing import Any

from schatten.recipe import Recipe
from schatten.recipe.describe import groups_of, meanings_of

Schema = dict[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"
_NULL = {"type": "null"}
_PART = " part"


def json_schema() -> Schema:
    """Return the schema as JSON values; its key `$schema` names the dialect."""
    made = Recipe.model_json_schema()
    whole: Schema = {**made.pop("$defs"), "Recipe": made}
    for (group, name), text in _meanings():
        for key, one in whole.items():
            if key.rpartition("__")[2] == group and name in one.get("properties", {}):
                one["properties"][name]["description"] = text
    whole["Truncate"] = _truncate(whole)
    _steps_without_settings(whole["ChainEntry"])
    parts = {name + _PART: _part(one) for name, one in whole.items()}
    parts["Recipe" + _PART]["properties"]["extends"] = {
        "type": "string",
        "description": "Name of a YAML in the same folder. It gives the keys that are not here.",
    }
    return {
        "$schema": DIALECT,
        "title": "A recipe of schatten",
        "if": {"required": ["extends"]},
        "then": _reference("Recipe" + _PART),
        "else": _reference("Recipe"),
        "$defs": whole | parts,
    }


def _reference(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _meanings() -> Iterator[tuple[tuple[str, str], str]]:
    """Yield the description of each field, with the names of its group and of the field."""
    for group in groups_of(Recipe):
        for name, text in meanings_of(group).items():
            yield (group.__name__, name), " ".join(text.split())


def _truncate(whole: dict[str, Schema]) -> Schema:
    """Return the schema of the step `truncate`: in YAML, the keys of its rank rule are its own."""
    step = whole["Truncate"]
    start = {
        "anyOf": [{"type": ["string", "integer"], "pattern": "^e?[0-9]+$"}, _NULL],
        "description": step["properties"]["from_epoch"].get("description", ""),
    }
    rules = [whole[rule["$ref"].rpartition("/")[2]] for rule in step["properties"]["rule"]["oneOf"]]
    kinds = [{**rule, "properties": {**rule["properties"], "from": start}} for rule in rules]
    return {"description": step["description"], "oneOf": kinds}


def _steps_without_settings(entry: Schema) -> None:
    """Allow `train:` without a value, and forbid a second step in the same entry."""
    entry["minProperties"] = entry["maxProperties"] = 1


def _part(schema: Any) -> Any:
    """Return a schema whose keys may be omitted, or removed with a null."""
    if isinstance(schema, list):
        return [_part(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    left_out = ("required", "minProperties", "discriminator", "default")
    made = {key: _part(value) for key, value in schema.items() if key not in left_out}
    if isinstance(schema.get("$ref"), str):
        made["$ref"] = schema["$ref"] + _PART
    if "oneOf" in made:  # what may be left out no longer tells several kinds apart
        made["anyOf"] = made.pop("oneOf")
    for key in ("properties", "patternProperties"):
        if key in schema:
            made[key] = {name: _or_null(one) for name, one in schema[key].items()}
    if isinstance(schema.get("additionalProperties"), dict):
        made["additionalProperties"] = _or_null(schema["additionalProperties"])
    elif "source" in schema.get("properties", {}):
        made["additionalProperties"] = _NULL  # takes away a key of the base's other source
    return made


def _or_null(schema: Schema) -> Schema:
    made = _part(schema)
    meaning = {"description": made.pop("description")} if "description" in made else {}
    return {"anyOf": [made, _NULL], **meaning}
