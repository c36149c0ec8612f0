"""A back-off model as linked arrays, and how they are linked; `reader` reads files."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from schatten.errors import UserError
from schatten.lm import sections
from schatten.lm.decimals import PADDING, Floats
from schatten.lm.keys import Bytes, Hasher, Keys, RepeatedKeyError, Rows, Table
from schatten.lm.sections import Section
from schatten.lm.text_rows import join_lines

Links = NDArray[np.int32]


@dataclass
class Order:
    """The n-grams of one order: those of the file, in its order, then blanks.

    A blank is the suffix (all words but the first) of a longer n-gram, which the file lacks. With
    blanks, the suffix of every n-gram has a row.
    """

    line: int
    """Line of the first one in the file, from 1."""
    words: Rows
    """Where the words start in the text; blanks have none."""
    end: Rows
    """Where the words end in the text; blanks have none."""
    prob: Floats
    """Base-10 logarithm of the probability; blanks have none."""
    bow: Floats
    """Base-10 logarithm of the back-off weight; NaN where the file has none, as for blanks."""
    key: Keys
    """Keys of the words."""
    prefix: Links
    """Row, one order below, of all words but the last; none for 1-grams."""
    suffix: Links
    """Row, one order below, of all words but the first; none for 1-grams."""

    @property
    def real(self) -> int:
        """How many are in the file."""
        return len(self.prob)

    def __len__(self) -> int:
        return len(self.key)


@dataclass
class Model:
    """A back-off n-gram model."""

    path: Path
    text: Bytes
    """The file, decompressed, and padding."""
    orders: list[Order]
    """n-grams by order, 1-grams first."""

    def fault(self, order: Order, row: int, what: str) -> UserError:
        """Return the error that names the line of an n-gram."""
        words = bytes(self.text[order.words[row] : order.end[row]]).decode(errors="replace")
        return UserError(f"{self.path} line {order.line + row} {what}: {words!r}")


@dataclass
class _Part:
    """A section and the text that it lies in."""

    text: Bytes
    section: Section


def link(path: Path, text: Bytes, found: list[Section], lines: list[int]) -> Model:
    """Link the sections of a file, 1-grams first, that start at `lines`.

    Errors: `UserError` for a repeated n-gram, and for one whose beginning or end is missing.
    """
    model = Model(
        path, text, [_unlinked(part, line) for part, line in zip(found, lines, strict=True)]
    )
    hasher = Hasher(sections.BLOCK)
    blanks: _Part | None = None
    for n in range(len(found) - 1, 0, -1):
        parts = [_Part(text, found.pop())] + ([blanks] if blanks else [])
        blanks = _link_order(model, n, parts, hasher)
    return model


def _unlinked(part: Section, line: int) -> Order:
    none = np.zeros(0, np.int32)
    return Order(line, part.words, part.end, part.prob, part.bow, part.key, none, none)


def _link_order(model: Model, n: int, parts: list[_Part], hasher: Hasher) -> _Part | None:
    """Link the (n+1)-grams to the n-grams; return the n-gram blanks that this takes."""
    order, lower = model.orders[n], model.orders[n - 1]
    suffix_key = np.concatenate([part.section.suffix_key for part in parts])
    prefix_key = np.concatenate([part.section.prefix_key for part in parts])
    table = _table(model, lower)
    order.suffix = table.find(suffix_key)
    blanks = None
    if (order.suffix < 0).any():
        blanks = _blanks(model, n, parts, hasher)
        lower.key = np.concatenate((lower.key, blanks.section.key))
        lower.bow = np.concatenate((lower.bow, blanks.section.bow))
        table = _table(model, lower)
        order.suffix = table.find(suffix_key)
    order.prefix = table.find(prefix_key)
    orphans = np.flatnonzero(order.prefix < 0)
    if len(orphans):
        raise model.fault(order, orphans[0], f"lacks its first {n} words among the {n}-grams")
    return blanks


def _table(model: Model, order: Order) -> Table:
    try:
        return Table(order.key)
    except RepeatedKeyError as error:
        raise model.fault(order, error.row, "repeats an n-gram") from None


def _blanks(model: Model, n: int, parts: list[_Part], hasher: Hasher) -> _Part:
    """Make the suffixes of (n+1)-grams that the file lacks."""
    missing = model.orders[n].suffix < 0
    if n == 1:
        row = int(np.flatnonzero(missing)[0])
        raise model.fault(model.orders[n], row, "has a last word that is not among the 1-grams")
    lines, at = [], 0
    for part in parts:
        rows = np.flatnonzero(missing[at : at + len(part.section)])
        rows = rows[np.unique(part.section.suffix_key[rows], return_index=True)[1]]
        start = _second_word(part.text, part.section.words[rows])
        lines.append(join_lines(part.text, start, part.section.end[rows], before=b"0\t"))
        at += len(part.section)
    return _parse_blanks(np.concatenate(lines), n, hasher)


def _second_word(text: Bytes, words: Rows) -> Rows:
    """Return where the second words start: after the first space."""
    at = words.copy()
    left = np.arange(len(at))
    while len(left):
        left = left[text[at[left]] != ord(" ")]
        at[left] += 1
    return at + 1


def _parse_blanks(lines: Bytes, n: int, hasher: Hasher) -> _Part:
    """Read lines made by `_blanks`; some of them may be equal."""
    padded = np.concatenate((lines, np.zeros(PADDING, np.uint8)))
    count = int((lines == ord("\n")).sum())
    section = sections.parse(padded, 0, len(lines), n, count, hasher)
    once = np.sort(np.unique(section.key, return_index=True)[1])
    return _Part(padded, section.take(once))
