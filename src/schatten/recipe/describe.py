"""The settings of a recipe as a Markdown page, made from the descriptions in the schema."""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, get_args, get_origin

import yaml
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from schatten.recipe import Recipe
from schatten.recipe.base import Settings

HEAD = """# The settings of a recipe

This page lists every key that the YAML of a recipe may have, with its default and its meaning.
`schatten run -n --recipe R` checks a YAML. With `extends: NAME`, a YAML takes missing keys from
`NAME.yaml` in the same folder; a null removes a key. The page is made from the schema by
`schatten settings > docs/settings.md`.
"""


def settings_page() -> str:
    """Return the page: each group of settings is a section, with a table of its keys."""
    sections = [HEAD]
    for group in groups_of(Recipe):
        lines = [f"## {group.__name__}", "", inspect.getdoc(group) or "", ""]
        lines += ["| key | default | meaning |", "| --- | --- | --- |"]
        meanings = meanings_of(group)
        lines += [
            _row(name, field, meanings.get(name, "")) for name, field in group.model_fields.items()
        ]
        sections.append("\n".join(lines) + "\n")
    return "\n".join(sections)


def groups_of(
    group: type[Settings], seen: list[type[Settings]] | None = None
) -> list[type[Settings]]:
    """Return a group of settings and all groups below it, each once, in order of appearance."""
    seen = [] if seen is None else seen
    if group in seen:
        return seen
    seen.append(group)
    for field in group.model_fields.values():
        for one in _settings_in(field.annotation):
            groups_of(one, seen)
    return seen


def _settings_in(annotation: Any) -> Iterator[type[Settings]]:
    if isinstance(annotation, type) and issubclass(annotation, Settings):
        yield annotation
    for argument in get_args(getattr(annotation, "__value__", annotation)):  # of an alias too
        yield from _settings_in(argument)


def meanings_of(group: type[Settings]) -> dict[str, str]:
    """Return the text below each field of a group of settings, by the field's name."""
    found: dict[str, str] = {}
    for one in reversed(group.__mro__):
        if issubclass(one, Settings):
            (body,) = ast.parse(textwrap.dedent(inspect.getsource(one))).body
            assert isinstance(body, ast.ClassDef)
            for field, text in pairwise(body.body):
                match field, text:
                    case (
                        ast.AnnAssign(target=ast.Name(name)),
                        ast.Expr(value=ast.Constant(value=str(meaning))),
                    ):
                        found[name] = inspect.cleandoc(meaning)
    return found


def _row(name: str, field: FieldInfo, text: str) -> str:
    meaning = " ".join(text.split())
    kinds = [one.__name__ for one in _settings_in(field.annotation)]
    if kinds:
        meaning = f"{meaning} ({' or '.join(dict.fromkeys(kinds))})".strip()
    elif values := _literals(field.annotation):
        listed = f"One of {', '.join(values)}." if len(values) > 1 else f"Always `{values[0]}`."
        meaning = f"{meaning} {listed}".strip()
    cells = f"`{field.title or name}`", _default(field), meaning
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _literals(annotation: Any) -> list[str]:
    """Return the values of a `Literal`; nothing for another type."""
    is_literal = str(get_origin(annotation)) == "typing.Literal"
    return [str(value) for value in get_args(annotation)] if is_literal else []


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "required" if field.is_required() else "none"
    if isinstance(field.default, Settings):
        name = type(field.default).__name__
        given = _given(field.default)
        return f"`{_flow(given)}`" if given else f"see [{name}](#{name.lower()})"
    return "none" if field.default in (None, "", {}) else f"`{_flow(field.default)}`"


def _given(group: Settings) -> dict[str, Any]:
    """Return the values in a group of settings that differ from the defaults of their keys."""
    fields = type(group).model_fields
    values = {name: getattr(group, name) for name in fields}
    return {name: value for name, value in values.items() if value != fields[name].default}


def _flow(value: Any) -> str:
    """Return a value as YAML on one line."""
    if isinstance(value, Settings):
        return _flow(_given(value))
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name}: {_flow(one)}" for name, one in value.items()) + "}"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_flow, value))}]"
    return str(value) if not isinstance(value, str) or _is_plain(value) else f'"{value}"'


def _is_plain(text: str) -> bool:
    """Tell whether YAML reads this text, without quotes, as the same text."""
    try:
        return bool(yaml.safe_load(text) == text)
    except yaml.YAMLError:
        return False
