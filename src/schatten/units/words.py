"""The spellings of words in units: lines `WORD TAB UNIT UNIT ... TAB ORIGIN`."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from schatten.errors import UserError
from schatten.runtime.files import read_lines, write_text


@dataclass(frozen=True)
class Spelling:
    """The units of a word."""

    units: tuple[str, ...]
    """Their names."""
    origin: str
    """Where it comes from: `lexicon`, `cmudict`, `espeak`, `pieces`, `letters`."""


Spellings = Mapping[str, Sequence[Spelling]]
"""By word; the main spelling first."""


def write_words(path: Path, spellings: Spellings) -> None:
    """Write spellings sorted by word; a word's first line is its main one."""
    lines = (
        f"{word}\t{' '.join(one.units)}\t{one.origin}\n"
        for word in sorted(spellings)
        for one in spellings[word]
    )
    write_text(path, "".join(lines))


def read_rows(path: Path) -> Iterator[tuple[int, str, tuple[str, ...], str]]:
    """Yield line number, word, names of its units, and origin, which may be missing.

    Errors: `UserError` for another line, and for a file without any.
    """
    number = 0
    for number, line in enumerate(read_lines(path), start=1):
        word, *rest = line.split("\t")
        units = tuple(rest[0].split()) if len(rest) in (1, 2) else ()
        if not word or not units or word != "".join(word.split()):
            raise UserError(f"{path}, line {number} is not `WORD TAB UNIT UNIT ...`: {line!r}")
        yield number, word, units, rest[1] if len(rest) == 2 else ""
    if not number:
        raise UserError(f"{path} holds no word: write lines `WORD TAB UNIT UNIT ...`")


def origins_of(spellings: Spellings) -> dict[str, int]:
    """Count spellings by origin."""
    counts = Counter(one.origin for found in spellings.values() for one in found)
    return dict(sorted(counts.items()))


def count_words(texts: Sequence[Path]) -> Counter[str]:
    """Count the words of texts (`.gz` too)."""
    return Counter(word for path in texts for line in read_lines(path) for word in line.split())
