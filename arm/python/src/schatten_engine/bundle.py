"""A bundle's folder: its files, and what its manifest says of the search."""

import json
from collections.abc import Set
from pathlib import Path

from schatten_engine._engine import EngineError

MODEL, LM, LEXICON, MANIFEST = "model.gguf", "lm.bin", "lexicon.txt", "manifest.json"
VERSIONS = (1, 2)
"""2 has thresholds of the gate."""


def read_search(folder: Path, known: Set[str]) -> dict[str, int | float]:
    """Return the settings of the search that were tuned for a bundle, by the options' names.

    Errors: `EngineError` if the folder is no bundle, or one that only a later version reads.
    """
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text("utf-8"))
        version, search = manifest["schatten_bundle"], dict(manifest["search"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EngineError(
            f"{folder} is no bundle, as its {MANIFEST} is missing or damaged: give a folder that "
            "`schatten bundle` or `schatten pack` wrote"
        ) from error
    if version not in VERSIONS or not search.keys() <= known:
        raise EngineError(f"{path} is of a later version: install a newer schatten-engine")
    if not all(type(value) in (int, float) for value in search.values()):
        raise EngineError(f"{path} has settings that are no numbers: copy the bundle again")
    return search
