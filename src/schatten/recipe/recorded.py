"""Compares the settings in provenance records with those that a recipe has now.

Snakemake remembers the settings of a step too, but only as long as its folder `.snakemake` is
intact. The records are beside the artifacts, and say which settings were really used.
"""

import os
import shlex
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schatten.errors import UserError
from schatten.recipe import Recipe
from schatten.recipe.step_settings import OF_VERB, WITHOUT_RECIPE, of_verb
from schatten.runtime import seals

TRUSTED = 2
"""First format of records with correct settings for every verb."""
_OPTIONS = {
    "system": "system",
    "seed": "seed",
    "node": "node",
    "set": "name",
    "split": "split",
    "lm": "lm",
    "graph": "graph",
    "lexicon": "lexicon",
    "decoder": "decoder",
    "grid": "grid",
}
"""Command-line options that settings depend on, and the verbs' names for them."""
_SHOWN = 3
"""Number of differences that a message names."""


@dataclass(frozen=True)
class Change:
    """An artifact that was made with other settings than the recipe has now."""

    path: Path
    recorded: Any
    """The settings with which it was made, as JSON values."""
    now: Any
    """The settings of the recipe now, as JSON values."""

    def __str__(self) -> str:
        """Return the artifact's path and the first differences."""
        found = list(_differences("", self.recorded, self.now))
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        return f"{self.path}: {', '.join(found[:_SHOWN])}{more}"


class Recorded:
    """Compares records with a recipe; the settings of equal steps are computed once."""

    def __init__(self, recipe: Recipe) -> None:
        """Compare with this recipe."""
        self._recipe = recipe
        self._known: dict[Hashable, Any] = {}

    def changes(self, folders: Iterable[Path]) -> Iterator[Change]:
        """Yield the artifacts below these folders that were made with other settings."""
        for folder in folders:
            for path in seals.artifacts(folder):
                if (change := self.change(path)) is not None:
                    yield change

    def change(self, path: Path) -> Change | None:
        """Return how an artifact's settings differ; None if they are equal or not known.

        Errors: `UserError` for a damaged record.
        """
        record = seals.read_record(path)
        if record is None or not is_trusted(record) or record.get("settings") is None:
            return None
        now = self._settings(str(record.get("verb")), str(record.get("command")))
        return (
            None
            if now is None or now == record["settings"]
            else Change(path, record["settings"], now)
        )

    def behind(self, paths: Iterable[Path]) -> list[Path]:
        """Return the artifacts with a record among these paths, and all that they were made from.

        Errors: `UserError` for a damaged record.
        """
        found: dict[Path, None] = {}
        waiting = list(paths)
        while waiting:
            path = waiting.pop()
            if path in found or (record := seals.read_record(path)) is None:
                continue
            found[path] = None
            inputs = (path.parent / entry["path"] for entry in record.get("inputs", ()))
            waiting += [Path(os.path.normpath(one)) for one in inputs]
        return sorted(found)

    def _settings(self, verb: str, command: str) -> Any:
        """Return the settings that a command has now; None if they are not known."""
        if verb not in OF_VERB:
            return of_verb(verb, None, {}) if verb in WITHOUT_RECIPE else None
        options = _options(command)
        key = (verb, *options.items())
        if key not in self._known:
            try:
                self._known[key] = of_verb(verb, self._recipe, options)
            except (KeyError, TypeError, UserError):  # a system or language model that was removed
                self._known[key] = None
        return self._known[key]


def is_trusted(record: dict[str, Any]) -> bool:
    """Tell whether the settings in a record can be relied on."""
    version = record.get("format")
    return isinstance(version, int) and version >= TRUSTED


def _options(command: str) -> dict[str, Any]:
    """Return only those options of a command line that settings depend on."""
    try:  # most lines need no parser of quotes, which takes milliseconds
        words = shlex.split(command) if set(command) & set("'\"\\") else command.split()
    except ValueError:
        return {}
    found: dict[str, Any] = {}
    for word, after in zip(words, [*words[1:], ""], strict=True):
        option, has_value, value = word.removeprefix("--").partition("=")
        if word.startswith("--") and option in _OPTIONS:
            found[_OPTIONS[option]] = value if has_value else after
    if found.get("seed", "").isdigit():
        found["seed"] = int(found["seed"])
    return found


def _differences(name: str, before: Any, now: Any) -> Iterator[str]:
    """Yield each leaf that differs between two JSON values, as `lambda_rec was 0.01, is 0.5`."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key in dict.fromkeys([*before, *now]):
            if before.get(key) != now.get(key):
                yield from _differences(key, before.get(key), now.get(key))
    elif isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        for one, other in zip(before, now, strict=True):
            if one != other:
                yield from _differences(name, one, other)
    else:
        yield f"{name or 'settings'} was {_said(before)}, is {_said(now)}"


def _said(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
