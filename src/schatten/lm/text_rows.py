"""Copies many slices of byte arrays at once, without interpreting them."""

import numpy as np

from schatten.lm.keys import Bytes, Rows


def copy_slices(source: Bytes, start: Rows, length: Rows, target: Bytes, at: Rows) -> None:
    """Copy the slices of `source` that start at `start` to the places `at` of `target`."""
    ends = np.cumsum(length)
    within = np.arange(int(length.sum()))
    begin = ends - length
    target[within + np.repeat(at - begin, length)] = source[
        within + np.repeat(start - begin, length)
    ]


def join_lines(source: Bytes, start: Rows, end: Rows, before: bytes = b"") -> Bytes:
    """Return the slices [start, end) of `source` as lines, each with `before` before it."""
    lengths = len(before) + end - start + 1
    ends = np.cumsum(lengths)
    lines = np.empty(int(lengths.sum()), np.uint8)
    at = ends - lengths
    for offset, byte in enumerate(before):
        lines[at + offset] = byte
    copy_slices(source, start, end - start, lines, at + len(before))
    lines[ends - 1] = ord("\n")
    return lines
