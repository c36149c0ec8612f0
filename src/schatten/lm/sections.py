"""The n-gram lines of an ARPA file as arrays, many at once; they are not interpreted here."""

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from schatten.lm import decimals
from schatten.lm.decimals import BadNumberError, Floats
from schatten.lm.keys import Bytes, Hasher, Keys, Rows

BLOCK = 1_000_000
"""Bytes of text worked on at a time; longer lines are refused."""
_TAB, _NEWLINE, _SPACE = b"\t\n "


class BadRowError(ValueError):
    """A line is no n-gram; `row` counts from the section's first."""

    def __init__(self, row: int) -> None:
        super().__init__(f"row {row} is no n-gram")
        self.row = row


class RowCountError(ValueError):
    """A section has another number of lines than its file's header says."""


@dataclass
class Section:
    """N-grams of one order; every array has an entry for each."""

    words: Rows
    """Where its words start in the text."""
    end: Rows
    """Where its words end."""
    prob: Floats
    """Base-10 logarithm of the probability of the last word after the others."""
    bow: Floats
    """Base-10 logarithm of the back-off weight; NaN where the line has none."""
    key: Keys
    """Key of all words."""
    prefix_key: Keys
    """Key of all words but the last."""
    suffix_key: Keys
    """Key of all words but the first."""

    def __len__(self) -> int:
        return len(self.words)

    def take(self, rows: Rows) -> "Section":
        """Return some of the n-grams."""
        return Section(*(getattr(self, field.name)[rows] for field in fields(self)))

    @classmethod
    def empty(cls, count: int) -> "Section":
        """Return room for `count` n-grams."""
        kinds = ("i8", "i8", "f8", "f8", "u8", "u8", "u8")
        return cls(*(np.empty(count, kind) for kind in kinds))

    def put(self, at: int, part: "Section") -> None:
        """Fill in the n-grams from `at` on."""
        for field in fields(self):
            getattr(self, field.name)[at : at + len(part)] = getattr(part, field.name)


def parse(text: Bytes, start: int, end: int, order: int, count: int, hasher: Hasher) -> Section:
    """Read `count` n-gram lines, [start, end) of a text that goes on for `decimals.PADDING` bytes.

    A line is `prob TAB word ... word [TAB bow]`, with single spaces. Errors: `BadRowError` for a
    malformed line, and `RowCountError` if there are not `count` of them.
    """
    section, filled = Section.empty(count), 0
    for first, last in _blocks(text, start, end):
        try:
            part = _block(text, first, last, order, hasher)
        except (BadRowError, BadNumberError) as error:
            raise BadRowError(filled + error.row) from None
        if filled + len(part) > count:
            raise RowCountError
        section.put(filled, part)
        filled += len(part)
    if filled < count:
        raise RowCountError
    return section


def _blocks(text: Bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Cut [start, end) at line ends into blocks of up to `BLOCK` bytes."""
    while start < end:
        stop = min(start + BLOCK, end)
        if stop < end:
            ends = np.flatnonzero(text[start:stop] == _NEWLINE)
            stop = start + int(ends[-1]) + 1 if len(ends) else end
        yield start, stop
        start = stop


@dataclass
class _Lines:
    """Where the parts of each line lie in a block."""

    start: Rows
    prob_end: Rows
    prefix_end: Rows
    suffix_start: Rows
    end: Rows
    stop: Rows


def _block(text: Bytes, start: int, stop: int, order: int, hasher: Hasher) -> Section:
    block = text[start:stop]
    if len(block) > BLOCK:
        raise BadRowError(0)
    lines = _split(block, order)
    words = lines.prob_end + 1
    hasher.load(block)
    bow = np.full(len(words), np.nan)
    given = np.flatnonzero(lines.stop > lines.end)
    bow[given] = _numbers(text, start + lines.end[given] + 1, start + lines.stop[given], given)
    return Section(
        start + words,
        start + lines.end,
        decimals.parse(text, start + lines.start, start + lines.prob_end),
        bow,
        hasher.keys(words, lines.end),
        hasher.keys(words, lines.prefix_end),
        hasher.keys(lines.suffix_start, lines.end),
    )


def _numbers(text: Bytes, start: Rows, end: Rows, rows: Rows) -> Floats:
    try:
        return decimals.parse(text, start, end)
    except BadNumberError as error:
        raise BadRowError(int(rows[error.row])) from None


def _split(block: Bytes, order: int) -> _Lines:
    """Find the separators of each line of a block, which ends with a line end."""
    at = np.flatnonzero(block <= _SPACE)
    kinds = block[at]
    last = np.flatnonzero(kinds == _NEWLINE)
    first = np.concatenate((last[:0], last[:1] * 0, last[:-1] + 1))
    _check(at, kinds, first, last, order)
    prefix_end = at[first + order - 1]
    return _Lines(
        start=at[first - 1] * (first > 0) + (first > 0),
        prob_end=at[first],
        prefix_end=prefix_end,
        suffix_start=at[first + min(order, 2) - 1] + 1,
        end=at[first + order],
        stop=at[last],
    )


def _check(at: Rows, kinds: Bytes, first: Rows, last: Rows, order: int) -> None:
    """Refuse a block with a line that has the wrong separators or an empty field."""
    count = last - first
    good: NDArray[np.bool_] = (count == order) | (count == order + 1)
    if good.all():
        good &= kinds[first] == _TAB
        for column in range(1, order):
            good &= kinds[first + column] == _SPACE
        good &= (count == order) | (kinds[first + order] == _TAB)
    bad = np.flatnonzero(~good)
    empty = np.flatnonzero(np.diff(at, prepend=-1) == 1)
    rows = np.concatenate((bad[:1], np.searchsorted(last, empty[:1])))
    if len(rows):
        raise BadRowError(int(rows.min()))
