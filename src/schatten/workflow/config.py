"""The checked values of `snakemake --config`: which experiment the workflow runs."""

import os
import re
from pathlib import Path
from typing import Any

from schatten import recipe as recipes
from schatten.corpus.fingerprint import fingerprint
from schatten.device.devices import device_names
from schatten.errors import UserError
from schatten.recipe import initial
from schatten.recipe.layout import Layout
from schatten.recipe.steps import Train
from schatten.workflow.inputs import Workflow

DEFAULT_RECIPE = "voicesearch_like/quick"
KEYS = ("recipe", "corpus_dir", "results", "devices")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")


def workflow_of(config: dict[str, Any], *, is_cached: bool = False) -> Workflow:
    """Read and check `--config`; `is_cached`: Snakemake was given `--cache`.

    Errors: `UserError` for an unknown key, a wrong recipe or a missing corpus folder.
    """
    unknown = sorted(set(config) - set(KEYS))
    if unknown:
        raise UserError(
            f"--config knows no {', '.join(unknown)}: it takes {', '.join(KEYS)}; "
            "settings of the experiment stand in the recipe's YAML"
        )
    name = _text(config, "recipe", DEFAULT_RECIPE)
    recipe = recipes.load(name)
    for system, settings in recipe.systems.items():
        for step in settings.steps:
            if isinstance(step, Train) and step.initial is not None:
                initial.require(step.initial, system)
    corpus_dir = Path(_text(config, "corpus_dir", "")) if "corpus_dir" in config else None
    is_tested = recipe.commands is not None and recipe.commands.recordings is not None
    makes_all = not getattr(recipe.corpus, "reads_recordings", True)
    makes_all = makes_all or recipe.corpus.source == "voicesearch_like"
    if corpus_dir is not None and makes_all and not is_tested:
        raise UserError(f"{name} makes its own speech: leave corpus_dir out")
    path = recipes.path_of(name).absolute()
    _check_names(path, _text(config, "results", "results"))
    layout = Layout(
        path.parent.name,
        path.stem,
        fingerprint(recipe, corpus_dir),
        Path(_text(config, "results", "results")),
    )
    devices = device_names(_text(config, "devices", "host"))
    is_cached = is_cached and "SNAKEMAKE_OUTPUT_CACHE" in os.environ
    return Workflow(name, recipe, layout, corpus_dir, devices, is_cached)


def _text(config: dict[str, Any], key: str, default: str) -> str:
    """Return a value of `--config`, which Snakemake reads as YAML: `1e3` becomes a number."""
    value = config.get(key, default)
    if not isinstance(value, str | Path):
        raise UserError(f"--config {key} is not text but {value!r}: write it with more quotes")
    return str(value)


def _check_names(recipe: Path, results: str) -> None:
    """Refuse names that have a meaning in patterns of paths."""
    for name in (recipe.parent.name, recipe.stem):
        if not _NAME.fullmatch(name):
            raise UserError(
                f"{recipe}: {name!r} becomes a folder of results, so it takes letters, digits, "
                "`_`, `.` and `-`, a letter or digit first: rename it"
            )
    if not results or results.startswith("-") or set(results) & set("{}\n*?["):
        raise UserError(
            f"--config results={results!r} cannot be a folder of results: name one that does not "
            "begin with `-`, and holds no braces, brackets, stars, question marks or line ends"
        )
