"""Links of the pages to files of the project lead somewhere: the file is there, and its heading."""

import re
import subprocess
from pathlib import Path

import pytest
from project import ROOT

LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)


def pages() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "*.md"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    found = [ROOT / name for name in listed.stdout.split("\0") if name]
    return [path for path in found if path.is_file()]


def links(text: str) -> list[str]:
    """Return the targets of a page's links, without those to other sites."""
    found = LINK.findall(FENCED.sub("", text))
    return [target for target in found if not re.match(r"[a-z]+:", target)]


def anchors(text: str) -> set[str]:
    """Return what links to a page's headings are called, as GitHub makes them."""
    heads = re.findall(r"^#+ (.*)$", FENCED.sub("", text), re.MULTILINE)
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", head) for head in heads)
    return {re.sub(r"[^\w\- ]", "", head).strip().lower().replace(" ", "-") for head in plain}


def broken(page: Path) -> list[str]:
    """Return the links of a page that lead nowhere."""
    found = []
    for link in links(page.read_text("utf-8")):
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        has_anchor = not anchor or target.suffix != ".md"
        if not target.exists() or not (has_anchor or anchor in anchors(target.read_text("utf-8"))):
            found.append(link)
    return found


def test_the_pages_are_found() -> None:
    names = {str(path.relative_to(ROOT)) for path in pages()}
    assert {"README.md", "docs/tutorial.md", "recipes/own/README.md"} <= names
    assert sum(len(links(path.read_text("utf-8"))) for path in pages()) > 100


@pytest.mark.parametrize("page", pages(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    assert broken(page) == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    text = "# A *head*ing, too\n[a](page.md#a-heading-too) [b](#b) [c](no.md) [d](https://no.where)"
    page.write_text(f"{text}\n```\n[e](no.md)\n```\n")
    assert broken(page) == ["#b", "no.md"]


def test_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 120
