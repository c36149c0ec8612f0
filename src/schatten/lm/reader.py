"""Reading of a whole ARPA file (packed ones too) into linked arrays."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from schatten.errors import UserError
from schatten.lm import arpa, sections
from schatten.lm.decimals import PADDING
from schatten.lm.forms import tidy
from schatten.lm.keys import Hasher
from schatten.lm.ngrams import Model, link
from schatten.lm.packed import open_arpa
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

    def lines(self) -> Iterator[tuple[int, str]]:
        """Read line after line, with their numbers."""
        while self.data.find(b"\n", self.at) >= 0:
            line = self.next_line().decode(errors="replace")
            yield self.line - 1, line

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
    with open_arpa(path) as file:
        data = bytearray(file.read())
    size = len(data)
    try:
        return _parse(path, data)
    except UserError:
        found = bytes(data[:size])
        tidied = tidy(found)
        if tidied == found:
            raise
    return _parse(path, bytearray(tidied))


def _parse(path: Path, data: bytearray) -> Model:
    """Read a model from the bytes of a file, to which line end and padding are added."""
    data += b"" if data.endswith(b"\n") else b"\n"
    data += bytes(PADDING)
    cursor = _Cursor(path, data)
    expected = arpa.header(path, cursor.lines())
    text = np.frombuffer(data, np.uint8)
    hasher = Hasher(sections.BLOCK)
    found, lines = [], []
    for order, count in enumerate(expected, 1):
        if order > 1:
            cursor.enter(f"\\{order}-grams:")
        lines.append(cursor.line)
        found.append(_read_section(cursor, text, order, count, hasher))
        _require_logs(cursor, text, found[-1], lines[-1], is_longest=order == len(expected) > 1)
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


def _require_logs(
    cursor: _Cursor, text: sections.Bytes, section: Section, line: int, *, is_longest: bool
) -> None:
    """Refuse what KenLM refuses in the numbers of a section that starts at `line`."""
    for wrong, what in (
        (section.prob > 0.0, "has a probability above 1 (its logarithm is above 0)"),
        (np.isinf(section.bow), "has an infinite back-off weight"),
        (
            is_longest & ~np.isnan(section.bow) & (section.bow != 0.0),
            "has a back-off weight although no longer n-gram follows",
        ),
    ):
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            words = bytes(text[section.words[row] : section.end[row]]).decode(errors="replace")
            raise UserError(
                f"{cursor.path} line {line + row} {what}: {words!r}; correct the line, or make "
                "the model again"
            )
