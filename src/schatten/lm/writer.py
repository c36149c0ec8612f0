"""Writing of linked arrays as an ARPA file (`.gz` too)."""

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np

from schatten.lm import decimals
from schatten.lm.keys import Bytes, Rows
from schatten.lm.ngrams import Model, Order
from schatten.lm.prune import Flags
from schatten.lm.text_rows import copy_slices
from schatten.runtime.files import atomic_output

GZIP_LEVEL = 4
_ROWS = 100_000
_TAB, _NEWLINE = b"\t\n"
_ZERO = -99.0
"""Stands for the logarithm of zero."""


@contextmanager
def open_output(path: Path) -> Iterator[BinaryIO]:
    """Open a file to write, atomically; `.gz` is compressed; equal content, equal bytes."""
    with atomic_output(path) as beside, beside.open("wb") as raw:
        if path.suffix == ".gz":
            with gzip.GzipFile("", "wb", GZIP_LEVEL, raw, mtime=0) as packed:
                yield packed  # type: ignore[misc]
        else:
            yield raw


def write(model: Model, kept: list[Flags], output: Path) -> None:
    """Write the n-grams that stay, in the order of the model's file.

    Orders above 2 without n-grams are left out; KenLM needs bigrams at least.
    """
    counts = [int(flags.sum()) for flags in kept]
    while len(counts) > 2 and counts[-1] == 0:
        counts.pop()
    with open_output(output) as file:
        header = "".join(f"ngram {n}={count}\n" for n, count in enumerate(counts, 1))
        file.write(f"\\data\\\n{header}".encode())
        for n, order in enumerate(model.orders[: len(counts)], 1):
            file.write(f"\n\\{n}-grams:\n".encode())
            rows = np.flatnonzero(kept[n - 1])
            for first in range(0, len(rows), _ROWS):
                file.write(_lines(model.text, order, rows[first : first + _ROWS]).data)
        file.write(b"\n\\end\\\n")


def _lines(text: Bytes, order: Order, rows: Rows) -> Bytes:
    """Return the lines of some n-grams: `prob TAB words [TAB bow]`."""
    start, length = order.words[rows], order.end[rows] - order.words[rows]
    prob, prob_start, prob_length = decimals.render(np.maximum(order.prob[rows], _ZERO))
    weighted = np.flatnonzero(~np.isnan(order.bow[rows]))
    bow, bow_start, bow_length = decimals.render(np.maximum(order.bow[rows[weighted]], _ZERO))
    lengths = prob_length + length + 2
    lengths[weighted] += bow_length + 1
    ends = np.cumsum(lengths)
    at = ends - lengths
    lines = np.full(int(ends[-1]), _TAB, np.uint8)
    copy_slices(prob, prob_start, prob_length, lines, at)
    copy_slices(text, start, length, lines, at + prob_length + 1)
    copy_slices(bow, bow_start, bow_length, lines, ends[weighted] - bow_length - 1)
    lines[ends - 1] = _NEWLINE
    return lines
