"""Reading of a whole ARPA file (`.gz` too) into linked arrays."""

import gzip
import zlib
from pathlib import Path

import numpy as np

from schatten.errors import UserError
from schatten.lm import arpa, sections
from schatten.lm.decimals import PADDING
from schatten.lm.keys import Hasher
from schatten.lm.ngrams import Model, link
from schatten.lm.sections import BadRowError, RowCountError, Section


class _Cursor:
    """A place between lines of a file, and the number of the line that follows."""

    def __init__(self, path: Path, data: bytearray) -> None:
        self.path = path
        self.data = data
        self.at = 0
        self.line = 1

    def next_line(self) -> bytes:
        """Read a line and return it without trailing blanks."""
        end = self.data.find(b"\n", self.at)
        if end < 0:
            raise UserError(f"{self.path} ends at line {self.line}, before \\end\\: make it again")
        line = bytes(self.data[self.at : end])
        self.at, self.line = end + 1, self.line + 1
        return line.rstrip()

    def enter(self, title: str) -> None:
        """Skip blank lines and the line `title`."""
        line = b""
        while not line:
            line = self.next_line()
        if line != title.encode():
            said = line[:60].decode(errors="replace")
            raise UserError(f"{self.path} line {self.line - 1} is not {title} but {said!r}")

    def section_end(self) -> int:
        """Return the end of the lines before the next blank line or title."""
        title = self.data.find(b"\n\\", self.at - 1) + 1
        if not title:
            raise UserError(f"{self.path} has no \\end\\: it is cut short, make it again")
        while title > self.at and self.data[title - 2 : title] == b"\n\n":
            title -= 1
        return title


def read(path: Path) -> Model:
    """Read a model. Errors: `UserError` that names the malformed line."""
    expected = arpa.counts(path)
    cursor = _Cursor(path, _read_padded(path))
    while cursor.next_line() != b"\\1-grams:":
        pass
    text = np.frombuffer(cursor.data, np.uint8)
    hasher = Hasher(sections.BLOCK)
    found, lines = [], []
    for order, count in enumerate(expected, 1):
        if order > 1:
            cursor.enter(f"\\{order}-grams:")
        lines.append(cursor.line)
        found.append(_read_section(cursor, text, order, count, hasher))
    cursor.enter("\\end\\")
    return link(path, text, found, lines)


def _read_section(
    cursor: _Cursor, text: sections.Bytes, order: int, count: int, hasher: Hasher
) -> Section:
    end = cursor.section_end()
    try:
        section = sections.parse(text, cursor.at, end, order, count, hasher)
    except RowCountError:
        has = cursor.data.count(b"\n", cursor.at, end)
        raise UserError(
            f"{cursor.path} has {has} {order}-grams from line {cursor.line} on, "
            f"not the {count} of its header: make it again"
        ) from None
    except BadRowError as error:
        for _ in range(error.row):
            cursor.next_line()
        number, line = cursor.line, cursor.next_line()[:60].decode(errors="replace")
        raise UserError(f"{cursor.path} line {number} is no {order}-gram: {line!r}") from None
    cursor.at, cursor.line = end, cursor.line + count
    return section


def _read_padded(path: Path) -> bytearray:
    try:
        if path.suffix == ".gz":
            with gzip.open(path) as packed:
                data = bytearray(packed.read())
        else:
            data = bytearray(path.stat().st_size)
            with path.open("rb", buffering=0) as file:
                file.readinto(data)
    except (EOFError, OSError, zlib.error) as error:
        raise UserError(f"{path} cannot be read ({error}): make it again") from None
    if not data.endswith(b"\n"):
        data += b"\n"
    data += bytes(PADDING)
    return data
