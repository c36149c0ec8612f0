"""The parts of a bundle for a device: the names of its files, and the engine's options.

`schatten.export.bundle` writes bundles, `schatten.device` runs them.
"""

from collections.abc import Mapping
from pathlib import Path

from schatten.artifacts import Manifest
from schatten.errors import UserError

MODEL, LM, LEXICON, MANIFEST = "model.gguf", "lm.bin", "lexicon.txt", "manifest.json"
SCRIPT = "recognize.sh"
COMMANDS = "commands.txt"
"""The network of a grammar, in bundles of commands alone."""


def read_search(folder: Path) -> dict[str, int | float]:
    """Return a bundle's settings of the search, by the names of the engine's options.

    Errors: `UserError` if the folder is no bundle.
    """
    wrong = f"{folder} holds no manifest of a bundle: make it with `schatten bundle`"
    search = Manifest.read(folder / MANIFEST, wrong).search
    if search is None:
        raise UserError(wrong)
    return search


def search_options(search: Mapping[str, int | float]) -> list[str]:
    """Return the settings of a search as the engine's options: `--lm-weight 0.8 ...`."""
    pairs = ((f"--{name.replace('_', '-')}", _exact(value)) for name, value in search.items())
    return [word for pair in pairs for word in pair]


def _exact(value: float) -> str:
    """Return the shortest text that is read as this number: the script searches as others do."""
    short = f"{value:g}"
    return short if float(short) == value else repr(value)
