"""The reference of the C interface: arm/engine/schatten.h, its comments as text."""

import re
from collections.abc import Iterator

from outside import ROOT

HEADER = ROOT / "arm/engine/schatten.h"
COMMENT = re.compile(r"^/\*(.*?)\*/[ \t]*$", re.MULTILINE | re.DOTALL)
STEERING = re.compile(r'#(?:if|endif|pragma|include)|#define SCHATTEN_H$|extern "C"|\}$')
"""Lines that steer the compiler and declare nothing."""
NAME = re.compile(r"(schatten_\w+)\(|\} (schatten_\w+);|#define (SCHATTEN_\w+)|struct \w+ (\w+);")
WORD = re.compile(r"(`[^`]*`)|\b([\w./]*[a-z]_[\w./]*\w(?:\(\d\))?)")


def prose(line: str) -> str:
    """Return a line of text with names of the interface as code."""
    marked = WORD.sub(lambda found: found[1] or f"`{found[2]}`", line)
    return re.sub(r"([<*])", r"\\\1", marked)


def text_of(comment: str) -> str:
    """Return a comment as Markdown: its indented lines are code."""
    parts: list[str] = []
    was_code = False
    for line in (re.sub(r"^ \* ?", "", line).rstrip() for line in comment.split("\n")):
        is_code = line.startswith("  ")
        if is_code != was_code and line:
            parts.append("```" if was_code else "\n```c" if is_code else "")
            was_code = is_code
        parts.append(line[2:] if is_code else prose(line.strip()))
    return "\n".join([*parts, *(["```"] if was_code else [])]).strip()


def declared(code: str) -> list[str]:
    """Return the names that a piece of the header declares, each once."""
    return list(dict.fromkeys(next(filter(None, found)) for found in NAME.findall(code)))


def pieces(header: str) -> Iterator[tuple[str, str]]:
    """Yield the comments that stand by themselves, each with the declarations below it.

    A declaration after a blank line comes with an empty comment.
    """
    starts = list(COMMENT.finditer(header))
    ends = [found.start() for found in starts[1:]] + [len(header)]
    for found, end in zip(starts, ends, strict=True):
        lines = header[found.end() : end].split("\n")
        code = "\n".join(line for line in lines if not STEERING.match(line)).strip("\n")
        first, *further = re.split(r"\n\n+", code)
        yield found[1].strip(), first
        yield from (("", one) for one in further)


def reference() -> str:
    """Return the sections of the C interface, in the order of the header."""
    parts = []
    for comment, code in pieces(HEADER.read_text("utf-8")):
        if code:
            parts.append("## " + ", ".join(f"`{name}`" for name in declared(code)))
        parts += [text_of(f" * {comment}")] if comment else []
        parts += [f"```c\n{code}\n```"] if code else []
    return "\n\n".join(parts) + "\n"
