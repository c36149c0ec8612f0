"""`schatten explain`: the chain of provenance records from an artifact back to the audio."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from schatten.errors import UserError
from schatten.runtime import seals
from schatten.runtime.files import read_jsonl
from schatten.runtime.seals import Seal


@dataclass
class Link:
    """A file or folder of the chain: how it was made, and from which inputs."""

    path: Path
    record: dict[str, Any] | None
    """The record; None for files from outside."""
    problem: str | None
    """Where the chain is broken: how this differs from what its reader or writer saw."""
    inputs: list["Link"] = field(default_factory=list)
    note: str = ""
    """Description of a source without a record."""


def chain(artifact: Path) -> Link:
    """Follow the records from an artifact back to files from outside.

    Errors: `UserError` for a path that does not exist or has no record.
    """
    path = _recorded(artifact)
    record = seals.read_record(path)
    assert record is not None
    return _link(path, Seal(**record["seal"]), {})


def _recorded(path: Path) -> Path:
    """Return the path itself, or the folder around it that has a record of its own."""
    if not path.exists() and not seals.record_of(path).is_file():
        raise UserError(f"{path} does not exist: name an artifact below results/")
    for one in (path, *path.parents):
        if one.name and seals.record_of(one).is_file():
            return one
    raise UserError(
        f"{path} has no provenance record: it came from outside, or no verb has finished it; "
        "remove it and run again to have one"
    )


def _link(path: Path, expected: Seal, known: dict[Path, Link]) -> Link:
    """Return the link of a path; `expected` is the seal that its reader saw."""
    if path not in known:
        link = known[path] = _read(path)
        for entry in (link.record or {}).get("inputs", ()):
            link.inputs.append(_input(path.parent, entry, known))
    link = known[path]
    problem = link.problem or _changed(link, expected)
    return Link(path, link.record, problem, link.inputs, link.note)


def _read(path: Path) -> Link:
    if not path.exists():
        return Link(path, None, "it does not exist")
    try:
        record = seals.read_record(path)
    except UserError as error:
        return Link(path, None, str(error))
    if record is None:
        return Link(path, None, None, note="from outside")
    return Link(path, record, seals.damage(path, Seal(**record["seal"])))


def _changed(link: Link, expected: Seal) -> str | None:
    """Return how a whole file differs from what was read."""
    if link.record is None:
        problem = seals.difference(link.path, expected)
    else:
        same = link.record["seal"]["sha256"] == expected.sha256
        problem = None if same else "it was made again, with another content"
    return problem and f"{problem}, since it was read"


def _input(folder: Path, entry: dict[str, Any], known: dict[Path, Link]) -> Link:
    expected = Seal(**entry["seal"])
    path = _shown(folder / entry["path"])
    if "listed_in" in entry:
        return _recordings(path, _shown(folder / entry["listed_in"]), expected)
    return _link(path, expected, known)


def _recordings(folder: Path, manifest: Path, expected: Seal) -> Link:
    """Check that the recordings of a manifest exist, with the sizes they had."""
    note = f"{expected.files:,} recordings, {expected.bytes:,} bytes, listed in {manifest}"
    try:
        rows = read_jsonl(manifest)
        names = [source["source"] for row in rows for source in row["recording"]["sources"]]
        now = seals.listing_seal(folder, names)
    except UserError as error:
        return Link(folder, None, str(error), note=note)
    except FileNotFoundError as error:
        return Link(folder, None, f"{error.filename} does not exist", note=note)
    same = now.sha256 == expected.sha256
    return Link(folder, None, None if same else "recordings changed since they were read", [], note)


def _shown(path: Path) -> Path:
    """Return a path for printing: relative to the current folder if it lies inside."""
    absolute = Path(os.path.normpath(path.absolute()))
    return absolute.relative_to(Path.cwd()) if absolute.is_relative_to(Path.cwd()) else absolute


def problems(link: Link) -> list[tuple[Path, str]]:
    """List the places where a chain is broken, each once."""
    return [(one.path, one.problem) for one in _links(link, set()) if one.problem is not None]


def _links(link: Link, seen: set[tuple[Path, str, str | None]]) -> Iterator[Link]:
    """Yield every link of a chain once, outputs before their inputs."""
    key = (link.path, link.note, link.problem)
    if key not in seen:
        seen.add(key)
        yield link
        for one in link.inputs:
            yield from _links(one, seen)


@dataclass
class Cost:
    """The cost of the steps of one verb behind an artifact."""

    steps: int = 0
    seconds: float = 0.0
    """Seconds by the clock."""
    cpu_seconds: float = 0.0
    """CPU seconds of every thread and process."""
    peak_memory_mb: float = 0.0
    """Peak memory of the largest step."""
    startup_cpu_seconds: float = 0.0
    """CPU seconds before the steps' own work began: imports, settings, checks of inputs."""
    timed_cpu_seconds: float = 0.0
    """CPU seconds of the steps whose records say what start-up took."""

    def add(self, other: "Cost") -> None:
        """Add the cost of other steps."""
        self.steps += other.steps
        self.seconds += other.seconds
        self.cpu_seconds += other.cpu_seconds
        self.peak_memory_mb = max(self.peak_memory_mb, other.peak_memory_mb)
        self.startup_cpu_seconds += other.startup_cpu_seconds
        self.timed_cpu_seconds += other.timed_cpu_seconds

    @property
    def startup_percent(self) -> str:
        """Percentage of the CPU time before the work began; `-` where older records do not say."""
        if not self.timed_cpu_seconds:
            return "-"
        return f"{100 * self.startup_cpu_seconds / self.timed_cpu_seconds:.1f}"


def costs(link: Link) -> dict[str, Cost]:
    """Return the costs of a chain's steps by verb, ordered by their first start.

    For a step that was killed and resumed only the last process counts.
    """
    records = {
        tuple(one.record[name] for name in ("began", "command", "seconds")): one.record
        for one in _links(link, set())
        if one.record is not None
    }
    found: dict[str, Cost] = {}
    for _, record in sorted(records.items()):
        measures = (float(record.get(name, 0.0)) for name in _MEASURES)
        cost = Cost(1, *measures)
        if "startup_cpu_seconds" in record:
            cost.timed_cpu_seconds = cost.cpu_seconds
        found.setdefault(record["verb"], Cost()).add(cost)
    return found


_MEASURES = ("seconds", "cpu_seconds", "peak_memory_mb", "startup_cpu_seconds")


def show_costs(link: Link, console: Console) -> None:
    """Print the costs of a chain's steps: a line for each verb, and their sum."""
    found = costs(link)
    total = Cost()
    for cost in found.values():
        total.add(cost)
    table = Table("verb", box=None)
    for heading in ("steps", "minutes", "CPU minutes", "start-up %", "peak MB"):
        table.add_column(heading, justify="right")
    for verb, cost in [*found.items(), ("all", total)]:
        minutes = (f"{cost.seconds / 60:.1f}", f"{cost.cpu_seconds / 60:.1f}")
        row = (*minutes, cost.startup_percent, f"{cost.peak_memory_mb:.0f}")
        table.add_row(verb, str(cost.steps), *row)
    console.print(table)


def as_json(link: Link) -> str:
    """Return a chain as JSON: every record by path, files from outside, broken places."""
    links = list(_links(link, set()))
    content = {
        "artifact": str(link.path),
        "records": {str(one.path): one.record for one in links if one.record is not None},
        "sources": [{"path": str(one.path), "note": one.note} for one in links if not one.record],
        "problems": [{"path": str(path), "problem": problem} for path, problem in problems(link)],
    }
    return json.dumps(content, indent=2, ensure_ascii=False)


def show(link: Link, console: Console) -> None:
    """Print a chain as a tree; a link that was printed already is not repeated."""
    if link.record is not None:
        console.print(Text(_how(link.record)), soft_wrap=True)
    seen: set[Path] = set()
    tree = Tree(_label(link, seen))
    _grow(tree, link, seen)
    console.print(tree)
    for path, problem in problems(link):
        console.print(Text(f"broken at {path}: {problem}", style="bold red"), soft_wrap=True)


def _how(record: dict[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in record["versions"].items())
    settings = json.dumps(record["settings"], ensure_ascii=False)
    made = f"{record['began']} on {record['host']}, commit {record['commit']}"
    return f"{record['command']}\n{made}\nsettings: {settings}\nversions: {versions}\n"


def _label(link: Link, seen: set[Path]) -> Text:
    label = Text(str(link.path), style="bold red" if link.problem else "bold")
    if link.record is None:
        label.append(f"  {link.note}", style="not bold dim")
    elif link.path in seen:
        label.append("  (see above)", style="not bold dim")
    else:
        made = "{verb}, {seconds:.1f} s, {peak_memory_mb:.0f} MB, commit {commit}"
        label.append(f"  {made.format(**link.record)}", style="not bold dim")
    if link.problem:
        label.append(f"  BROKEN: {link.problem}")
    return label


def _grow(tree: Tree, link: Link, seen: set[Path]) -> None:
    if link.path in seen:
        return
    seen.add(link.path)
    for one in link.inputs:
        _grow(tree.add(_label(one, seen)), one, seen)
