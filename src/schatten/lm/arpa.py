"""ARPA files (packed ones too): their header and words."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from schatten.errors import UserError
from schatten.lm.packed import open_arpa

BOM = b"\xef\xbb\xbf"
COUNT = re.compile(r"ngram[ \t]+(\d+)[ \t]*=[ \t]*(\d+)", re.IGNORECASE)
"""IRSTLM writes a tab behind `=`."""


def counts(arpa: Path) -> list[int]:
    """Return the header's number of n-grams, by order."""
    return header(arpa, _lines(arpa))


def words(arpa: Path) -> list[str]:
    """Return the words of the 1-grams, in the order of the file."""
    lines = _lines(arpa)
    expected = header(arpa, lines)[0]
    found = []
    for number, line in lines:
        if line.lower() in {"\\2-grams:", "\\end\\"}:
            break
        if line:
            found.append(_word(arpa, number, line))
    if len(found) != expected:
        raise UserError(f"{arpa} has {len(found)} 1-grams, not the {expected} of its header")
    return found


def _word(arpa: Path, number: int, line: str) -> str:
    fields = line.split("\t")
    if len(fields) not in (2, 3) or not fields[1] or " " in fields[1]:
        fields = line.split()
    if len(fields) not in (2, 3) or not fields[1]:
        raise UserError(f"{arpa} line {number} is no 1-gram: {line[:60]!r}")
    return fields[1]


def header(arpa: Path, lines: Iterable[tuple[int, str]]) -> list[int]:
    """Read numbered lines up to the one that starts the 1-grams; return the counts by order.

    Errors: `UserError` for a file that has no such header, and for orders that are left out.
    """
    found: list[int] = []
    for number, line in lines:
        if match := COUNT.fullmatch(line):
            if int(match[1]) != len(found) + 1:
                raise UserError(
                    f"{arpa} line {number} counts {match[1]}-grams where those of order "
                    f"{len(found) + 1} are to be counted: {line!r}"
                )
            found.append(int(match[2]))
        if line.lower() == "\\1-grams:" and found:
            return found
    raise UserError(f"{arpa} is no ARPA file: it lacks `ngram 1=...` or `\\1-grams:`")


def _lines(arpa: Path) -> Iterator[tuple[int, str]]:
    """Yield line numbers, from 1, and lines without trailing blanks."""
    number = 0
    try:
        with open_arpa(arpa) as file:
            for number, line in enumerate(file, 1):
                known = line.removeprefix(BOM) if number == 1 else line
                yield number, known.decode().strip(" \t\r\n")
    except UnicodeDecodeError as error:
        raise UserError(
            f"{arpa} line {number} is not UTF-8 ({error}): convert the file, or make it again"
        ) from None
