"""Check a built site: every link leads to a page and a heading, and no page loads from elsewhere.

    python scripts/site/check.py site

Prints what is wrong, a line each, and ends with status 1 then.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

LOADED = {
    "audio": "src",
    "embed": "src",
    "iframe": "src",
    "img": "src",
    "link": "href",
    "script": "src",
    "source": "src",
    "video": "src",
}
"""Elements whose address a browser asks for by itself, and the attribute that holds it."""
NOT_ASKED = {"canonical", "next", "prev"}
"""Kinds of `link` that a browser follows only if the reader does."""


@dataclass
class PageParts(HTMLParser):
    """The addresses and anchors of a page."""

    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)
    anchors: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect the addresses and the anchors of an element."""
        values = {name: value for name, value in attrs if value is not None}
        names = ("id", "name") if tag == "a" else ("id",)
        self.anchors |= {values[name] for name in names if name in values}
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        elif tag in LOADED and LOADED[tag] in values and values.get("rel") not in NOT_ASKED:
            self.loaded.append(values[LOADED[tag]])


def read(page: Path) -> PageParts:
    """Return the parts of a page."""
    parts = PageParts()
    parts.feed(page.read_text("utf-8"))
    return parts


def is_elsewhere(link: str) -> bool:
    """Return whether an address names another host, or is no address of a file."""
    split = urlsplit(link)
    return bool(split.netloc) or split.scheme not in ("", "data")


def wrong(site: Path) -> Iterator[str]:
    """Yield what is wrong with a site, a line each."""
    pages = {page: read(page) for page in sorted(site.rglob("*.html"))}
    for page, parts in pages.items():
        name = page.relative_to(site)
        for address in parts.loaded:
            if is_elsewhere(address):
                yield f"{name}: loads {address} from another host"
        if name.name == "404.html":
            continue  # its addresses begin at the root of the server
        for link in [*parts.links, *parts.loaded]:
            split = urlsplit(link)
            if is_elsewhere(link) or split.scheme:
                continue
            target = (page.parent / unquote(split.path)).resolve() if split.path else page
            target = target / "index.html" if target.is_dir() else target
            if not target.is_file():
                yield f"{name}: {link} leads nowhere"
            elif split.fragment and unquote(split.fragment) not in pages[target].anchors:
                yield f"{name}: {link} has no such heading"


def main() -> int:
    """Print what is wrong with the site that the command line names."""
    site = Path(sys.argv[1])
    if not (site / "index.html").is_file():
        print(f"{site} holds no site: build it with `mkdocs build`")
        return 1
    found = list(wrong(site.resolve()))
    print(
        "\n".join(found) or f"{site}: every link leads somewhere, and no page loads from elsewhere"
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
