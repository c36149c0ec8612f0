"""Find the long sentences of the docs: one idea a sentence, at most about 25 words.

Pages are read whole, of Python the docstrings, of C the comments.

python tests/docs/long_sentences.py [WORDS] [PAGE...]     # by default above 28, all pages
"""

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 28
"""A sentence with more words is too long; aim at 25."""
NOT_OURS = ("CHANGELOG.md", "docs/settings.md")
"""A list for looking up, and a page that is made from the docstrings of the schema."""
SOURCES = ("src/schatten/compress/**/*.py", "src/schatten/recipe/**/*.py", "arm/engine/schatten.h")
"""Code whose docstrings and comments the site's reference shows, and docs/settings.md."""

FENCE = re.compile(r"^ *(```|~~~).*?^ *\1$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
SPAN = re.compile(r"`[^`]*`")
COMMENT = re.compile(r"/\*.*?\*/|(?://[^\n]*\n\s*)*//[^\n]*", re.DOTALL)
MARGIN = re.compile(r"^[ \t]*(?:/\*+|\*/|\*|//+)?[ \t]?", re.MULTILINE)
START = re.compile(r"\s*(?:[-*+]|\d+\.) ")
END = re.compile(r"(?<!et al)(?<!eq)[.?!:][)\"*]*\s+|; ")
"""A colon or a semicolon ends an idea as well."""


def pages() -> list[Path]:
    """Return what people write and others read: pages, and code that the reference shows.

    Tables of results are none: the workflow writes them.
    """
    found = [*ROOT.glob("*.md"), *ROOT.glob("recipes/*/README.md"), *ROOT.glob("docs/**/*.md")]
    tables = {path for path in ROOT.glob("docs/results/*/*/*.md") if path.name != "README.md"}
    written = [path for path in found if path not in tables]
    code = [path for pattern in SOURCES for path in ROOT.glob(pattern)]
    return sorted(path for path in [*written, *code] if str(path.relative_to(ROOT)) not in NOT_OURS)


def texts(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the number of the first line and the text of each part of a file that is prose."""
    whole = path.read_text("utf-8")
    if path.suffix == ".py":
        for one in ast.walk(ast.parse(whole)):
            match one:  # a docstring, or the text below a field or a constant
                case ast.Expr(value=ast.Constant(value=str(text))):
                    yield one.lineno, inspect.cleandoc(text)
    elif path.suffix in (".h", ".c", ".hpp", ".cpp"):
        for found in COMMENT.finditer(whole):
            first = whole.count("\n", 0, found.start()) + 1
            yield first, MARGIN.sub("", found[0]).removesuffix("*/")
    else:
        yield 1, whole


def paragraphs(text: str) -> Iterator[tuple[int, str]]:
    """Yield the number of the first line and the text of each paragraph, item and cell."""
    blank = FENCE.sub(lambda found: "\n" * found[0].count("\n"), text)
    number, lines = 0, []
    for here, line in enumerate([*blank.split("\n"), ""], 1):
        is_alone = line.startswith(("#", "|", "    ", "<!--"))
        if not line.strip() or is_alone or START.match(line):
            if lines:
                yield number, " ".join(lines)
            number, lines = here, []
            if line.startswith("|"):
                yield from ((here, cell.strip()) for cell in line.split("|"))
        if line.strip() and not is_alone:
            number = number if lines else here
            lines.append(
                START.sub("", line, count=1).strip() if START.match(line) else line.strip()
            )


def sentences(paragraph: str) -> list[str]:
    """Return the sentences of a paragraph; code and the text of a link count as they are read."""
    plain = SPAN.sub("`code`", LINK.sub(r"\1", paragraph))
    return [one.strip() for one in END.split(plain) if one.strip()]


def words_of(sentence: str) -> int:
    """Return the number of words; intervals and numbers are none."""
    return len(re.findall(r"[A-Za-z][\w'’-]*|`code`", sentence))


def long_in(path: Path, limit: int = LIMIT) -> list[tuple[int, int, str]]:
    """Return line, words and text of each sentence with more words than `limit`."""
    found = []
    for first, text in texts(path):
        for number, paragraph in paragraphs(text):
            for sentence in sentences(paragraph):
                if (count := words_of(sentence)) > limit:
                    found.append((first + number - 1, count, sentence))
    return sorted(found)


def main() -> None:
    """Print the long sentences of the pages that the command line names."""
    given = sys.argv[1:]
    limit = int(given.pop(0)) if given and given[0].isdigit() else LIMIT
    for path in map(Path, given) if given else pages():
        for number, count, sentence in long_in(path, limit):
            print(f"{path}:{number}: {count} words: {sentence}")


if __name__ == "__main__":
    main()
