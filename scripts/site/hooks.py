"""What `mkdocs build` does beyond mkdocs.yml: pages that come from the program and its files.

A line `<!-- made from: NAME -->` of a page is replaced by a part that is made at each build:

- `verbs`: the reference of the command line, from the program
- `schatten.h`: the reference of the C interface, from the header
- `decisions`: the list of decision records, from their headings

Links to files outside docs/ lead to pages that show these files (outside.py).
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import header
import outside
import verbs
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = outside.ROOT
MADE = re.compile(r"^<!-- made from: (\S+) -->$", re.MULTILINE)
FURTHER = ("CHANGELOG.md", "CONTRIBUTING.md", "README.md")
"""Files outside docs/ with a page in any case: mkdocs.yml names them."""


def title_of(page: Path) -> str:
    """Return the first heading of a page."""
    return page.read_text("utf-8").partition("\n")[0].removeprefix("# ")


def decisions() -> str:
    """Return the list of decision records."""
    records = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
    return "".join(f"- [{title_of(record)}]({record.name})\n" for record in records)


PARTS: dict[str, Callable[[], str]] = {
    "decisions": decisions,
    "schatten.h": header.reference,
    "verbs": verbs.reference,
}


def expanded(nav: Any, docs: Path) -> Any:
    """Return the navigation with the pages that a pattern such as `decisions/[0-9]*.md` names.

    A part without pages is left out.
    """
    if isinstance(nav, dict):
        return {title: pages for title, part in nav.items() if (pages := expanded(part, docs))}
    if not isinstance(nav, list):
        return nav
    pages: list[Any] = []
    for part in nav:
        if isinstance(part, str) and "*" in part:
            pages += sorted(str(path.relative_to(docs)) for path in docs.glob(part))
        elif inside := expanded(part, docs):
            pages.append(inside)
    return pages


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Write out the patterns of the navigation."""
    config.nav = expanded(config.nav, Path(config.docs_dir))
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add pages for the files outside docs/ that pages link to."""
    pages = [f"docs/{file.src_uri}" for file in files.documentation_pages()]
    for path in sorted({*FURTHER, *outside.linked_outside([*pages, *FURTHER])}):
        address = outside.address_of(path)
        is_picture = (ROOT / path).suffix in outside.PICTURES
        content = (ROOT / path).read_bytes() if is_picture else outside.page_of(path)
        file = File.generated(config, address, content=content)
        file.path = path  # type: ignore[attr-defined]  # on_page_markdown reads it
        files.append(file)
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Put in what is made, and lead links to the pages of the site."""
    path = getattr(page.file, "path", f"docs/{page.file.src_uri}")
    is_table = path.startswith("docs/results/") and not path.endswith("README.md")
    if is_table or page.file.src_uri.endswith((".h.md", ".S.md", ".cpp.md", ".inc.md")):
        page.meta["search"] = {"exclude": True}  # words of tables and of code hide those of pages
    experiment = (ROOT / path).with_name("README.md")
    if is_table and experiment.parent.parent.name != "docs" and experiment.is_file():
        title, _, rest = markdown.partition("\n")
        markdown = f"{title}\n\nPart of [{title_of(experiment)}](README.md).\n{rest}"
    made = MADE.sub(lambda found: PARTS[found[1]](), markdown)
    return outside.redirected(made, path)
