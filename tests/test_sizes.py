"""Files and functions stay short, and no passage of the package stands in two places."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from project import ROOT

FILE_LINES = 400
FUNCTION_LINES = 50
"""From `def` to the last line, with the docstring and the parameters."""
LONGER = {("src/schatten/train/loop.py", "train"): 80}
"""The training loop reads from top to bottom in one function."""
PASSAGE_LINES = 10
"""More equal lines than this are a passage that stands twice."""

Place = tuple[str, int]
"""A file and the number of a line in it."""


def sources() -> dict[str, str]:
    """Return the texts of the package's Python files by their paths in the project."""
    files = sorted((ROOT / "src").rglob("*.py"))
    return {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in files}


def functions(text: str) -> Iterator[tuple[str, int]]:
    """Yield the name and the length in lines of each function, nested ones too."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            yield node.name, node.end_lineno - node.lineno + 1


def compared_lines(text: str) -> list[tuple[int, str]]:
    """Return the lines with their numbers, stripped, without blank lines and imports."""
    imports = {
        number
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for number in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }
    lines = enumerate((line.strip() for line in text.split("\n")), start=1)
    return [(number, line) for number, line in lines if line and number not in imports]


def passages_that_stand_twice(texts: Mapping[str, str]) -> list[tuple[Place, Place]]:
    """Return where more than `PASSAGE_LINES` equal lines begin, and where they stood first."""
    first: dict[tuple[str, ...], Place] = {}
    found = []
    for name, text in texts.items():
        lines = compared_lines(text)
        for start in range(len(lines) - PASSAGE_LINES):
            window = lines[start : start + PASSAGE_LINES + 1]
            place = name, window[0][0]
            before = first.setdefault(tuple(line for _, line in window), place)
            if before != place:
                found.append((before, place))
    return found


def lines_of(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


def test_no_file_is_too_long() -> None:
    files = [*(ROOT / "src").rglob("*.py"), *(ROOT / "rules").glob("*.smk"), ROOT / "Snakefile"]
    assert len(files) > 100, "the sources are found"
    lengths = {str(path.relative_to(ROOT)): lines_of(path) for path in files}
    assert {name: lines for name, lines in lengths.items() if lines > FILE_LINES} == {}


def test_no_function_is_too_long() -> None:
    lengths = [
        (path, name, lines) for path, text in sources().items() for name, lines in functions(text)
    ]
    limits = {(path, name): LONGER.get((path, name), FUNCTION_LINES) for path, name, _ in lengths}
    assert LONGER.keys() <= limits.keys(), "the longer ones are found"
    assert [found for found in lengths if found[2] > limits[found[:2]]] == []


def test_only_what_is_longer_may_be() -> None:
    texts = sources()
    longest = {
        (path, name): max(n for f, n in functions(texts[path]) if f == name)
        for path, name in LONGER
    }
    fitting = [place for place, lines in longest.items() if lines <= FUNCTION_LINES]
    assert fitting == [], "these fit the limit now: delete them from LONGER"


def test_no_passage_stands_twice() -> None:
    found = passages_that_stand_twice(sources())
    assert [f"{a[0]}:{a[1]} and {b[0]}:{b[1]}" for a, b in found] == []


def test_the_length_of_a_function_is_from_def_to_end() -> None:
    text = '@decorated\ndef f(\n    a,\n):\n    """Say."""\n    def g(): ...\n    return a\n'
    assert dict(functions(text)) == {"f": 6, "g": 1}


def passage(lines: int) -> str:
    return "".join(f"value_{number} = {number}\n\n" for number in range(lines))


def test_a_passage_in_two_files_or_twice_in_one_is_found() -> None:
    twice = "import os\n" + passage(11)
    indented = "if True:\n" + passage(11).replace("value", "    value")
    assert passages_that_stand_twice({"a": twice, "b": indented}) == [(("a", 2), ("b", 2))]
    assert passages_that_stand_twice({"a": passage(11) + passage(11)}) == [(("a", 1), ("a", 23))]


def test_ten_equal_lines_and_equal_imports_are_left() -> None:
    assert passages_that_stand_twice({"a": passage(10), "b": passage(10)}) == []
    imports = "from os import (\n" + "    name,\n" * 20 + ")\n"
    assert passages_that_stand_twice({"a": imports, "b": imports}) == []
