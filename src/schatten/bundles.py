"""What a bundle for a device consists of: the names of its files, and how they are handed over.

`schatten.export.bundle` writes bundles, `schatten.device` runs them.
"""

from pathlib import Path
from typing import Any

from schatten.errors import UserError
from schatten.runtime.files import read_json

MODEL, LM, LEXICON, MANIFEST = "model.gguf", "lm.bin", "lexicon.txt", "manifest.json"


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return what a bundle's manifest says: `files`, `bytes`, `search`.

    Errors: `UserError` where the folder is no bundle.
    """
    content = read_json(folder / MANIFEST)
    wanted = {"files": dict, "bytes": int, "search": dict}
    if not isinstance(content, dict) or any(
        not isinstance(content.get(key), kind) for key, kind in wanted.items()
    ):
        raise UserError(f"{folder} holds no manifest of a bundle: make it with `schatten bundle`")
    return content


def search_options(search: dict[str, float | int]) -> list[str]:
    """Return the settings of a search as the engine's options: `--lm-weight 0.8 ...`."""
    pairs = ((f"--{name.replace('_', '-')}", f"{value:g}") for name, value in search.items())
    return [word for pair in pairs for word in pair]
