"""Imports run downwards: no layer knows a higher one, no two packages know each other."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from project import ROOT

SOURCES = ROOT / "src/schatten"
LAYERS = (
    {"__main__", "cli"},
    {"workflow"},
    {"corpus", "features", "train", "lm", "decode", "score", "export", "device", "report"},
    {"models", "units", "compress"},
    {"artifacts", "audio", "bundles", "espeak", "fst", "grammar", "transcripts"},
    {"recipe", "runtime"},
    {"errors", "letters"},
)
"""From the highest to the lowest; a package imports its own layer and those below."""
NEVER = {("train", "corpus")}
"""Pairs of one layer: the first does not import the second."""
UNITS = {"artifacts", "errors", "espeak", "letters", "recipe", "runtime"}
ALONE = {"compress": {"errors"}, "units": UNITS}
"""Packages that import nothing of schatten but these."""
KNOWN: set[tuple[str, str]] = set()
"""Imports that break a rule and are to be mended: importer, imported."""

Import = tuple[str, str]


def imports_of(path: Path) -> Iterator[str]:
    """Yield the modules that a file imports, also inside of functions."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module, f"{path}: a relative import"
            yield from (f"{node.module}.{name.name}" for name in node.names)


def imports_between_packages() -> dict[Import, str]:
    """Return a file of each import of one package of schatten by another."""
    found: dict[Import, str] = {}
    for path in sorted(SOURCES.rglob("*.py")):
        package = path.relative_to(SOURCES).with_suffix("").parts[0]
        for module in imports_of(path):
            root, _, rest = module.partition(".")
            imported = rest.partition(".")[0]
            if root == "schatten" and imported != package:
                found.setdefault((package, imported), str(path.relative_to(ROOT)))
    return found


FOUND = imports_between_packages()


def layer_of(package: str) -> int:
    for number, layer in enumerate(LAYERS):
        if package in layer:
            return number
    pytest.fail(f"give src/schatten/{package} a place in LAYERS")


def breaks_a_rule(importer: str, imported: str) -> bool:
    allowed = ALONE.get(importer)
    return (
        layer_of(imported) < layer_of(importer)
        or (importer, imported) in NEVER
        or (allowed is not None and imported not in allowed)
    )


def test_no_package_imports_a_higher_layer() -> None:
    broken = {pair: where for pair, where in FOUND.items() if breaks_a_rule(*pair)}
    assert {pair: where for pair, where in broken.items() if pair not in KNOWN} == {}


def circle(pairs: set[Import]) -> list[str]:
    """Return packages that import each other in a circle; empty where there is none."""
    graph: dict[str, set[str]] = {}
    for importer, imported in pairs:
        graph.setdefault(importer, set()).add(imported)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_packages_import_each_other_in_no_circle() -> None:
    assert circle({("a", "b"), ("b", "c"), ("c", "a")}), "a circle is found"
    assert circle(set(FOUND) - KNOWN) == []


def test_what_is_known_is_still_there() -> None:
    mended = {
        pair
        for pair in KNOWN
        if not (pair in FOUND and (breaks_a_rule(*pair) or circle({*(set(FOUND) - KNOWN), pair})))
    }
    assert mended == set(), "these are mended: delete them from KNOWN"


def test_nothing_imports_the_benchmarks() -> None:
    bench = ROOT / "src/schatten_bench"
    files = [path for path in (ROOT / "src").rglob("*.py") if bench not in path.parents]
    assert SOURCES / "cli/__init__.py" in files
    importing = [
        str(path.relative_to(ROOT))
        for path in files
        if any(module.partition(".")[0] == "schatten_bench" for module in imports_of(path))
    ]
    assert importing == []
