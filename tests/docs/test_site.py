"""The documentation builds as a site: every link leads somewhere, nothing loads from elsewhere."""

import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from project import ROOT

SCRIPTS = ROOT / "scripts/site"
CHECK = SCRIPTS / "check.py"


def checked(site: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(CHECK), str(site)], capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("mkdocs", reason="no mkdocs: scripts/setup.sh docs")
    folder = tmp_path_factory.mktemp("site")
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


@pytest.mark.xdist_group("site")
def test_the_site_builds_and_all_its_links_lead_somewhere(site: Path) -> None:
    result = checked(site)
    assert result.returncode == 0, result.stdout


@pytest.mark.xdist_group("site")
def test_the_reference_has_what_the_program_has(site: Path) -> None:
    verbs = (site / "reference/verbs.html").read_text("utf-8")
    assert 'id="schatten-lm-prune"' in verbs and "--corpus-dir" in verbs
    header = (site / "reference/engine_c.html").read_text("utf-8")
    assert "schatten_accept_float" in header
    assert 'id="schatten.compress.compress"' in (site / "reference/compress.html").read_text(
        "utf-8"
    )
    python = (site / "reference/engine_python.html").read_text("utf-8")
    assert 'id="schatten_engine.Recognizer.stream"' in python
    fields = (site / "reference/artifacts.html").read_text("utf-8")
    assert 'id="schatten.artifacts.Score"' in fields
    decisions = (site / "decisions/index.html").read_text("utf-8")
    for record in (ROOT / "docs/decisions").glob("[0-9]*.md"):
        assert f'href="{record.stem}.html"' in decisions


@pytest.mark.xdist_group("site")
def test_files_of_the_project_are_pages_too(site: Path) -> None:
    recipe = (site / "project/recipes/own/index.html").read_text("utf-8")
    assert "train on your own data" in recipe and "how_to/choose_units.html" in recipe
    assert "schatten_accept" in (site / "project/arm/engine/schatten.h.html").read_text("utf-8")
    notebook = (site / "project/examples/read_results.ipynb.html").read_text("utf-8")
    assert "read_csv" in notebook and "data:image/png;base64," in notebook


def page(folder: Path, name: str, body: str) -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"<html><body>{body}</body></html>")


def test_what_is_wrong_with_a_site_is_named(tmp_path: Path) -> None:
    page(tmp_path, "index.html", '<a href="a.html#there"></a><a href="https://no.where/x">x</a>')
    page(tmp_path, "a.html", '<h1 id="there"></h1><a href=".">home</a>')
    assert checked(tmp_path).returncode == 0
    page(tmp_path, "b/c.html", '<a href="../a.html#gone"></a><a href="none.html"></a>')
    page(tmp_path, "d.html", '<script src="https://far/x.js"></script><img src="//far/x.png">')
    result = checked(tmp_path)
    assert result.returncode == 1
    assert result.stdout.splitlines() == [
        "b/c.html: ../a.html#gone has no such heading",
        "b/c.html: none.html leads nowhere",
        "d.html: loads https://far/x.js from another host",
        "d.html: loads //far/x.png from another host",
    ]


def test_a_folder_without_a_site_is_refused(tmp_path: Path) -> None:
    result = checked(tmp_path)
    assert result.returncode == 1 and "holds no site: build it with `mkdocs build`" in result.stdout


def lists_without_a_blank_line(text: str) -> list[str]:
    """Return the first items of lists that follow a line of text directly."""
    plain = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    item = re.compile(r"\s*(?:[-*+]|\d+\.) ")
    lines = plain.split("\n")
    return [
        line
        for before, line in pairwise(lines)
        if item.match(line)
        and before.strip()
        and not item.match(before)
        and not before.startswith((" ", "#"))
    ]


def test_lists_are_lists_in_the_site_too() -> None:
    """The builder's Markdown needs a blank line before a list; GitHub's does not."""
    assert lists_without_a_blank_line("Text:\n- one\n- two") == ["- one"]
    assert lists_without_a_blank_line("Text:\n\n- one\n  more\n- two\n# Head\n- x") == []
    names = ["docs/**/*.md", "recipes/*/README.md", "*.md"]
    for path in (path for name in names for path in ROOT.glob(name)):
        found = lists_without_a_blank_line(path.read_text("utf-8"))
        assert found == [], f"{path}: put a blank line before {found}"
