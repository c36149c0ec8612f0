"""The lexicon: words and the units that spell them, `WORD TAB UNIT UNIT ...` a line."""

from pathlib import Path

from schatten.errors import UserError
from schatten.runtime.files import read_lines


def read_lexicon(path: Path) -> list[tuple[str, tuple[str, ...]]]:
    """Read (word, units) pairs in the order of the file; a word may have several spellings.

    Errors: `UserError` for a line that is not `WORD TAB UNITS`, and for an empty file.
    """
    entries = []
    for number, line in enumerate(read_lines(path), start=1):
        word, _, spelling = line.partition("\t")
        units = tuple(spelling.split())
        if not word or not units or word != word.strip():
            raise UserError(f"{path}, line {number} is not `WORD TAB UNIT UNIT ...`: {line!r}")
        entries.append((word, units))
    if not entries:
        raise UserError(f"{path} holds no word: make the lexicon again")
    return entries
