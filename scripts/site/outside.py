"""Pages for the files outside docs/ that pages link to, so that the site needs no other host.

A Markdown file becomes a page, a notebook one with its cells, any other text a page that shows it,
and a folder a list of its files. Their addresses begin with `project/`.
"""

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parents[2]
DOCS = "docs"
PREFIX = "project"
LINK = re.compile(r"(?<=\]\()([^)\s]+)(?=\))")
FENCE = re.compile(r"^(```|~~~).*?^\1`*$", re.MULTILINE | re.DOTALL)
LANGUAGES = {
    ".S": "gas",
    ".c": "c",
    ".cpp": "cpp",
    ".csv": "text",
    ".h": "cpp",
    ".inc": "cpp",
    ".mjs": "javascript",
    ".py": "python",
    ".sh": "bash",
    ".smk": "python",
    ".toml": "toml",
    ".yaml": "yaml",
    ".yml": "yaml",
}
PICTURES = (".png", ".svg", ".jpg")


def is_relative(link: str) -> bool:
    """Return whether a link leads to a file of the project."""
    return not re.match(r"[a-z]+:|#|/", link)


def target_of(link: str, page: str) -> str:
    """Return the path in the project that a link of the page at path `page` leads to."""
    path = link.partition("#")[0]
    return os.path.normpath(PurePosixPath(page).parent / path)


def links_of(text: str) -> Iterator[str]:
    """Yield the links of a Markdown text that lead to files, without those in blocks of code."""
    yield from filter(is_relative, LINK.findall(FENCE.sub("", text)))


def address_of(path: str) -> str:
    """Return where the source of a file's page lies in the site; `path`: in the project."""
    inside = PurePosixPath(path)
    if inside.parts[0] == DOCS:
        name = "/".join(inside.parts[1:])
        return f"{name}/README.md" if (ROOT / path).is_dir() else name
    if (ROOT / path).is_dir():
        name = "README" if (ROOT / path / "README.md").is_file() else "files"
        return f"{PREFIX}/{path}/{name}.md"
    is_as_it_is = inside.suffix == ".md" or inside.suffix in PICTURES
    return f"{PREFIX}/{path}" if is_as_it_is else f"{PREFIX}/{path}.md"


def redirected(text: str, page: str) -> str:
    """Return a page's Markdown with links that lead to the pages of the site.

    `page`: the path of its file in the project.
    """
    here = PurePosixPath(address_of(page)).parent

    def place(found: re.Match[str]) -> str:
        link = found[0]
        if not is_relative(link):
            return link
        target = target_of(link, page)
        if not (ROOT / target).exists():
            return link  # the builder names it
        anchor = link.partition("#")[1] + link.partition("#")[2]
        return os.path.relpath(address_of(target), here) + anchor

    parts, end = [], 0
    for block in FENCE.finditer(text):
        parts += [LINK.sub(place, text[end : block.start()]), block[0]]
        end = block.end()
    return "".join([*parts, LINK.sub(place, text[end:])])


def page_of(path: str) -> str:
    """Return the Markdown of a file's page; `path`: in the project, outside docs/."""
    file = ROOT / path
    if file.is_dir():
        names = sorted(one.name + "/" * one.is_dir() for one in file.iterdir())
        return f"# {path}\n\nThe folder holds:\n\n" + "".join(f"- `{name}`\n" for name in names)
    text = file.read_text("utf-8")
    if file.suffix == ".md":
        return text
    if file.suffix == ".ipynb":
        return notebook(text)
    language = LANGUAGES.get(file.suffix, "text")
    return f"# {path}\n\n~~~~~~~~{language}\n{text.rstrip()}\n~~~~~~~~\n"


def notebook(text: str) -> str:
    """Return a notebook's cells and what they printed as Markdown."""
    parts = []
    for cell in json.loads(text)["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            parts.append(source)
            continue
        parts.append(f"```python\n{source}\n```")
        for output in cell["outputs"]:
            data = output.get("data", {})
            if "image/png" in data:
                png = "".join(data["image/png"]).replace("\n", "")
                parts.append(f"![what the cell draws](data:image/png;base64,{png})")
            else:
                said = "".join(data.get("text/plain", output.get("text", "")))
                parts.append(f"```text\n{said.rstrip()}\n```")
    return "\n\n".join(parts) + "\n"


def linked_outside(pages: list[str]) -> list[str]:
    """Return the files and folders outside docs/ that pages link to, and what those link to.

    `pages`: paths of Markdown files in the project.
    """
    found: dict[str, None] = {}
    waiting = list(pages)
    while waiting:
        page = waiting.pop()
        for link in links_of((ROOT / page).read_text("utf-8")):
            target = target_of(link, page)
            if target.startswith((f"{DOCS}/", "..")) or target == DOCS or target in found:
                continue
            path = ROOT / target
            if path.is_dir() and (path / "README.md").is_file():
                target, path = f"{target}/README.md", path / "README.md"
            if path.exists() and target not in found:
                found[target] = None
                if path.suffix == ".md":
                    waiting.append(target)
    return sorted(found)
