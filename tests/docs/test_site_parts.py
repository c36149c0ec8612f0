"""The parts of the documentation that come from the program, without building the site."""

import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from project import ROOT
from test_imports import LAYERS


@pytest.fixture
def part(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    """Return a function that imports a module of scripts/site."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts/site"))

    def load(name: str) -> ModuleType:
        return importlib.import_module(name)

    yield load
    for name in ("header", "outside", "verbs"):
        sys.modules.pop(name, None)


def test_every_function_of_the_header_has_a_section(part) -> None:
    header = part("header")
    text = header.reference()
    code = header.HEADER.read_text("utf-8")
    names = set(header.re.findall(r"^\w[\w *]*?(schatten_\w+)\(", code, header.re.MULTILINE))
    assert len(names) > 25
    sections = " ".join(line for line in text.split("\n") if line.startswith("## "))
    assert [name for name in sorted(names) if f"`{name}`" not in sections] == []
    assert "schatten_options *options" in text and "#pragma" not in text and "/* " in text


def test_a_comment_becomes_text_and_its_indented_lines_code(part) -> None:
    text = part("header").text_of(" * Calls some_name(2).\n *\n *   a = b;\n *\n * More <of> it.")
    assert text == "Calls `some_name(2)`.\n\n\n```c\na = b;\n\n```\nMore \\<of> it."


def test_every_verb_has_a_section_with_its_options(part) -> None:
    verbs = part("verbs")
    text = verbs.reference()
    assert text.count("\n### schatten ") + text.startswith("### ") > 80
    assert "    schatten pronounce [OPTIONS] WORDS..." in text
    assert "| `--silence` |" in text and "| `0.8` |" in text


def test_links_to_files_outside_lead_to_their_pages(part) -> None:
    outside = part("outside")
    text = "[a](../../recipes/own/README.md#text) [b](gpus.md) [c](#x) [d](https://no.where)"
    moved = "[a](../project/recipes/own/README.md#text) [b](gpus.md) [c](#x) [d](https://no.where)"
    assert outside.redirected(text, "docs/how_to/new_language.md") == moved
    code = "```\n[a](../../recipes/own/README.md)\n```"
    assert outside.redirected(code, "docs/how_to/new_language.md") == code
    back = outside.redirected("[a](../../docs/settings.md)", "recipes/own/README.md")
    assert back == "[a](../../../settings.md)"
    header = outside.redirected("[h](../arm/engine/schatten.h)", "docs/engine.md")
    assert header == "[h](project/arm/engine/schatten.h.md)"


def test_a_missing_file_is_left_for_the_builder_to_name(part) -> None:
    text = "[a](../no/such/file.md)"
    assert part("outside").redirected(text, "docs/engine.md") == text


def test_a_notebook_becomes_text_code_and_output(part) -> None:
    text = part("outside").page_of("examples/read_results.ipynb")
    assert text.startswith("# Read results with pandas") and "```python\nfrom pathlib" in text
    assert "```text\n" in text and "(data:image/png;base64," in text


def test_the_pictures_of_concepts_are_those_that_the_script_draws(tmp_path: Path) -> None:
    script = ROOT / "scripts/draw_concepts.py"
    subprocess.run([sys.executable, str(script), str(tmp_path)], check=True)
    for name in ("pipeline.svg", "house.svg"):
        drawn = (tmp_path / name).read_text()
        assert drawn == (ROOT / "docs/concepts" / name).read_text(), f"run {script}"


def test_the_house_has_the_layers_of_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    drawn = importlib.import_module("draw_concepts").HOUSE
    assert [set(packages) for _, packages in drawn] == [
        floor - {"__main__"} for floor in map(set, LAYERS)
    ]
