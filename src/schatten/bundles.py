"""The parts of a bundle for a device: the names of its files, and the engine's options.

`schatten.export.bundle` writes bundles, `schatten.device` runs them.
"""

from collections.abc import Mapping
from pathlib import Path

from schatten.artifacts import Gate, Manifest
from schatten.errors import UserError

MODEL, LM, LEXICON, MANIFEST = "model.gguf", "lm.bin", "lexicon.txt", "manifest.json"
SCRIPT = "recognize.sh"
COMMANDS = "commands.txt"
"""The network of a grammar, in bundles of commands alone."""
VERSION, WITH_GATE = 1, 2
"""Versions of the manifest: with thresholds of the gate it is 2, so that programs which do not know
them refuse the bundle. Bundles without keep 1, and run everywhere."""


def read_manifest(folder: Path) -> Manifest:
    """Read a bundle's manifest. Errors: `UserError` if there is none that can be used."""
    wrong = f"{folder} holds no manifest of a bundle: make it with `schatten bundle`"
    manifest = Manifest.read(folder / MANIFEST, wrong)
    if manifest.search is None:
        raise UserError(wrong)
    if (manifest.schatten_bundle or VERSION) > WITH_GATE:
        raise UserError(f"{folder / MANIFEST} is of a later version: install a newer schatten")
    return manifest


def read_search(folder: Path) -> dict[str, int | float]:
    """Return a bundle's settings of the search, by the names of the engine's options.

    Errors: `UserError` if the folder is no bundle.
    """
    search = read_manifest(folder).search
    assert search is not None
    return search


def gate_options(gate: Gate) -> list[str]:
    """Return thresholds of the gate as the engine's options."""
    return ["--gate-decibels", repr(gate.decibels), "--gate-evidence", repr(gate.evidence)]


def search_options(search: Mapping[str, int | float]) -> list[str]:
    """Return the settings of a search as the engine's options: `--lm-weight 0.8 ...`."""
    pairs = ((f"--{name.replace('_', '-')}", _exact(value)) for name, value in search.items())
    return [word for pair in pairs for word in pair]


def _exact(value: float) -> str:
    """Return the shortest text that is read as this number: the script searches as others do."""
    short = f"{value:g}"
    return short if float(short) == value else repr(value)
