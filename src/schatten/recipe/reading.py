"""Reads the YAML of a recipe, and the YAML that it extends."""

from pathlib import Path
from typing import Any

import yaml

from schatten.errors import UserError
from schatten.runtime.files import as_text

ROOT = Path("recipes")


def read_yaml(path: Path, seen: tuple[Path, ...] = ()) -> dict[str, Any]:
    """Read a YAML. With `extends: other`, missing keys come from `other.yaml` in the same folder.

    Errors: `UserError` for a file that is missing, is not YAML, or extends itself.
    """
    if path in seen:
        raise UserError(f"{path} extends itself: remove an `extends`")
    if not path.is_file():
        raise UserError(f"{path} does not exist: give recipe=CORPUS/EXPERIMENT, {_choices()}")
    try:
        data = yaml.safe_load(as_text(path.read_bytes(), path))
    except yaml.YAMLError as error:
        raise UserError(f"{path} is not YAML: {error}") from None
    if not isinstance(data, dict):
        raise UserError(f"{path} holds no settings: see docs/settings.md")
    base = data.pop("extends", None)
    if base is None:
        return data
    return _merge(read_yaml(path.parent / f"{base}.yaml", (*seen, path)), data)


def _merge(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """Return `base` with the values of `change`; a null removes a key."""
    merged = dict(base)
    for key, value in change.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = _merge(merged[key], value)
        else:
            merged[key] = value
    return merged


def _choices() -> str:
    found = sorted(f"{path.parent.name}/{path.stem}" for path in ROOT.glob("*/*.yaml"))
    return f"one of {', '.join(found)}" if found else "from the project's folder"
