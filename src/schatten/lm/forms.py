"""ARPA files as other programs write them, put into the form that all readers here expect."""

import re

from schatten.lm.arpa import BOM, COUNT

_NUMBER = re.compile(rb"[-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?")
_BLANKS = re.compile(rb"[ \t]+")
_TITLE = re.compile(rb"\\(?:data\\|end\\|(\d+)-grams:)", re.IGNORECASE)


def tidy(data: bytes) -> bytes:
    r"""Return an ARPA file in its usual form; every n-gram keeps its line.

    A byte order mark, text before `\data\`, CR, blanks at the ends of lines and blank lines after
    a section's title are dropped, runs of blanks between words are one space, and titles are
    written in small letters. What is wrong otherwise stays as it is, for a reader to name.
    """
    found: list[bytes] = []
    waiting: list[bytes] = []  # a title, until its first line that is not blank
    order = -1
    for raw in data.removeprefix(BOM).split(b"\n"):
        line = raw.strip(b" \t\r")
        title = _TITLE.fullmatch(line)
        if title:
            found += waiting
            order = int(title[1] or 0)
            waiting = [line.lower()] if order else []
            found += [] if order else [line.lower()]
            continue
        if line:
            found += waiting
            waiting = []
        found.append(line if order > 0 else _head(line, order == 0))
        if line and order > 0:
            found[-1] = _row(line, order)
    return b"\n".join([*found, *waiting])


def _head(line: bytes, has_begun: bool) -> bytes:
    """Return a line before the 1-grams."""
    if not has_begun:
        return b""
    match = COUNT.fullmatch(line.decode(errors="replace"))
    return f"ngram {match[1]}={match[2]}".encode() if match else line


def _row(line: bytes, order: int) -> bytes:
    """Return the line of an n-gram; a number behind the last tab is a back-off weight."""
    head, _, weight = line.rpartition(b"\t")
    if not _NUMBER.fullmatch(weight := weight.strip(b" ")) or b"\t" not in head.rstrip(b" \t"):
        head, weight = line, b""
    fields = _BLANKS.split(head.rstrip(b" \t"))
    if len(fields) != order + 1:
        return line
    return fields[0] + b"\t" + b" ".join(fields[1:]) + (b"\t" + weight if weight else b"")
