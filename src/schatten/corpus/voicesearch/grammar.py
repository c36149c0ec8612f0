"""The package's grammars, which are English."""

from pathlib import Path

from schatten.grammar import Grammar, load_own, load_packaged

FOLDER = Path(__file__).parent / "grammars"

__all__ = ["FOLDER", "Grammar", "load", "load_own"]


def load(name: str, folder: Path = FOLDER) -> Grammar:
    """Read the grammar that lies in `folder/name/*.grammar`; errors as `load_packaged`."""
    return load_packaged(name, folder)
