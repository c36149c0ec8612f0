"""ARPA files (`.gz` too): their header and words."""

import gzip
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

from schatten.errors import UserError

_COUNT = re.compile(r"ngram +(\d+) *= *(\d+)$")


def counts(arpa: Path) -> list[int]:
    """Return the header's number of n-grams, by order."""
    return _header(arpa, _lines(arpa))


def words(arpa: Path) -> list[str]:
    """Return the words of the 1-grams, in the order of the file."""
    lines = _lines(arpa)
    expected = _header(arpa, lines)[0]
    found = []
    for number, line in lines:
        if line in {"\\2-grams:", "\\end\\"}:
            break
        if line:
            found.append(_word(arpa, number, line))
    if len(found) != expected:
        raise UserError(f"{arpa} has {len(found)} 1-grams, not the {expected} of its header")
    return found


def _word(arpa: Path, number: int, line: str) -> str:
    fields = line.split("\t")
    if len(fields) not in (2, 3) or not fields[1]:
        raise UserError(f"{arpa} line {number} is no 1-gram: {line[:60]!r}")
    return fields[1]


def _header(arpa: Path, lines: Iterator[tuple[int, str]]) -> list[int]:
    """Read up to the line that starts the 1-grams."""
    found: list[int] = []
    for _, line in lines:
        match = _COUNT.match(line)
        if match and int(match[1]) == len(found) + 1:
            found.append(int(match[2]))
        if line == "\\1-grams:" and found:
            return found
    raise UserError(f"{arpa} is no ARPA file: it lacks `ngram 1=...` or `\\1-grams:`")


def _lines(arpa: Path) -> Iterator[tuple[int, str]]:
    """Yield line numbers, from 1, and lines without trailing blanks."""
    number = 0
    try:
        with gzip.open(arpa) if arpa.suffix == ".gz" else arpa.open("rb") as file:
            for number, line in enumerate(file, 1):
                yield number, line.decode().rstrip()
    except FileNotFoundError:
        raise UserError(f"{arpa} does not exist: make it first, or correct the path") from None
    except UnicodeDecodeError as error:
        raise UserError(
            f"{arpa} line {number} is not UTF-8 ({error}): convert the file, or make it again"
        ) from None
    except (EOFError, OSError, zlib.error) as error:
        raise UserError(f"{arpa} cannot be read ({error}): make it again") from None
