"""Jobs of a plan as compact, sorted text that says what changed when it is compared.

Jobs that differ only in system, seed, rank, split ... become one entry, with those names put back
as `{system}`, `{seed}` ...; nothing is lost, as each entry lists the jobs that it stands for.
"""

import hashlib
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

_ROW = r"(?P<system>[^/]+)/seed(?P<seed>\d+)/(?P<rank>[^/]+)/(?P<stage>[^/]+)"
PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        r"HOME/am/(?P<system>[^/]+)/seed(?P<seed>\d+)/(?:(?P<rank>[^/]+@[^/]+)/)?[^/]+/"
        r"(?:model\.(?P<precision>fp32|int8)\.)?",
        r"HOME/tune/(?P<system>[^/]+)/seed(?P<seed>\d+)/(?P<rank>[^/]+)/[^/]+/(?P<lm>[^/]+)/",
        rf"HOME/decode/{_ROW}/(?P<precision>[^/]+)/[^/]+/(?P<lm>[^/]+)/(?P<split>[^./]+)\.",
        rf"HOME/logprobs/{_ROW}/(?P<precision>[^/]+)/",
        rf"HOME/bundle/{_ROW}/(?P<lm>[^/]+)/",
        rf"HOME/devices/(?P<device>[^/]+)/{_ROW}/(?P<lm>[^/]+)/",
        r"HOME/beams/(?P<decoder>[^/]+)/(?P<lm>[^/]+)/",
        r"HOME/tables/(?P<kind>[^/]+)\.png",
        r"DATA/features/(?P<feature>[^/]+)/(?:(?P<split>[^/]+)\.cuts)?",
        r"DATA/lm/(?P<lm>[^/]+)/",
        r"results/arm/(?P<target>[^/]+)/",
    )
)
"""Where the names stand in the path of an output."""

_BEFORE, _AFTER = r"(?<![\w@-])", r"(?![\w@-]|\.\d)"
_WIDTH = 180
"""Characters of a line of paths, above which it is written as several."""
_SHORT = 90
"""Characters of JSON, above which it is written once, in the legend."""
_FEW = 6
"""Lines of inputs, above which they are written once, in the legend."""


class Legend:
    """Long values, each written once and called `&` and the start of its hash."""

    def __init__(self) -> None:
        self._entries: dict[str, list[str]] = {}

    def name(self, lines: list[str]) -> str:
        """Keep an entry; return what it is called."""
        name = "&" + hashlib.sha256("\n".join(lines).encode()).hexdigest()[:8]
        self._entries[name] = lines
        return name

    def lines(self) -> list[str]:
        """Return the entries as they came, so that one that changes keeps its place."""
        found = []
        for name, lines in self._entries.items():
            found += [f"{name}:", *(f"  {line}" for line in lines)]
        return found

    def value(self, value: Any) -> str:
        """Return a param as JSON, long parts of it by the names of their entries."""
        if not isinstance(value, str):
            return self._inner(value, top=True)
        try:
            parsed = json.loads(value)
        except ValueError:
            return value
        if not isinstance(parsed, dict) or _json(parsed) != value:
            return value
        return self._inner(parsed, top=True)

    def _inner(self, value: Any, *, top: bool = False) -> str:
        if isinstance(value, dict):
            parts = [f"{json.dumps(key)}: {self._inner(one)}" for key, one in value.items()]
            ends = "{}"
        elif isinstance(value, list):
            parts, ends = [self._inner(one) for one in value], "[]"
        elif isinstance(value, str) and "\n" in value:
            return self.name([_json(line) for line in value.split("\n")])
        else:
            return _json(value)
        text = ends[0] + ", ".join(parts) + ends[1]
        if top or len(text) <= _SHORT:
            return text
        return self.name([ends[0], *(f" {part}" for part in parts), ends[1]])


def text_of(jobs: Sequence[Mapping[str, Any]], shortened: Mapping[str, str]) -> list[str]:
    """Return the lines for some jobs; `shortened`: what stands for strings in paths and lines."""
    legend = Legend()
    entries: dict[tuple[str, ...], dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for first, job in sorted(_shorten(jobs, shortened), key=itemgetter(0)):
        body, settings = _entry(job, _names(job["outputs"]), legend)
        entries[body][settings].append(first)
    lines = []
    for body, instances in entries.items():  # in the order of first outputs, as jobs are
        lines += ["", *body]
        for settings, firsts in instances.items():
            lines += [f"  settings {settings}"] if settings else []
            lines += [f"  = {line}" for line in braces(firsts)]
    return [*lines, "", "# Long values", *legend.lines()]


def _shorten(
    jobs: Sequence[Mapping[str, Any]], shortened: Mapping[str, str]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield jobs with their first outputs, or with the names of their targets."""
    text = json.dumps(jobs)
    for long, short in shortened.items():
        text = text.replace(long, short)
    for job in json.loads(text):
        yield min(job["outputs"], default=f"@{job['target']}"), job


def _names(outputs: Sequence[str]) -> dict[str, str]:
    """Return what a job is told apart by from others of its entry."""
    if not outputs:
        return {}
    tried = (one.match(path) for one in PATTERNS for path in sorted(outputs))
    found = next(filter(None, tried), None)
    names = {} if found is None else {k: v for k, v in found.groupdict().items() if v}
    return {**names, "dir": min(outputs).rpartition("/")[0]}


def _entry(
    job: Mapping[str, Any], names: Mapping[str, str], legend: Legend
) -> tuple[tuple[str, ...], str]:
    """Return the lines that a job shares with others, and its settings."""
    generic = _Generic(names)
    inputs = braces(generic(path) for path in _folders(job["inputs"]))
    if len(inputs) > _FEW:
        inputs = [legend.name(inputs)]
    params = {name: value for name, value in job["params"].items() if name != "settings"}
    outputs = " ".join(braces(generic(path) for path in job["outputs"]))
    lines = [
        f"job {outputs}" if outputs else "target",
        *(f"  < {line}" for line in inputs),
        *(f"  param {k} {generic(legend.value(v))}" for k, v in sorted(params.items())),
        *(f"  derived {k} {generic(legend.value(v))}" for k, v in sorted(job["derived"].items())),
        *([] if job["shell"] is None else [f"  $ {generic(job['shell'])}"]),
    ]
    settings = job["params"].get("settings")
    return tuple(lines), "" if settings is None else legend.value(settings)


class _Generic:
    """Puts names back into text as `{system}` ...; the text can be had again from them."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._by_value: dict[str, str] = {}
        for name, value in names.items():
            self._by_value.setdefault(value, name)
        self._names = names
        found = {k: re.escape(v) for k, v in names.items() if k != "seed"}
        options = [f"(?:{_BEFORE}{one}{_AFTER})" for one in sorted(found.values(), key=len)[::-1]]
        if "seed" in names:
            options.append(rf"(?:(?:(?<=/seed)|(?<=--seed )){names['seed']}(?!\d))")
        self._pattern = re.compile("|".join(options)) if options else None

    def __call__(self, text: str) -> str:
        if self._pattern is None:
            return text
        changed = self._pattern.sub(lambda found: f"{{{self._by_value[found[0]]}}}", text)
        again = changed
        for name, value in self._names.items():
            again = again.replace(f"{{{name}}}", value)
        if again != text:
            raise ValueError(f"{text!r} cannot be had again from {changed!r}")
        return changed


def _folders(inputs: Iterable[str]) -> list[str]:
    """Return inputs with the engine's sources, of which there are many, by their folders."""
    return sorted({re.sub(r"^arm/(?!devices/)(.*/)?[^/]+$", r"arm/\1*", path) for path in inputs})


def braces(paths: Iterable[str]) -> list[str]:
    """Return paths as a shell would expand them, sorted: `a/{x,y}/b`."""
    return [
        line
        for parts in _merged([path.split("/") for path in sorted(set(paths))])
        for line in _split(parts)
    ]


def _merged(paths: Sequence[Sequence[str]]) -> list[list[tuple[str, ...]]]:
    """Return lists of the alternatives of each segment, for paths with the same endings."""
    if paths == [[]]:
        return [[]]
    below: dict[str, list[Sequence[str]]] = defaultdict(list)
    for path in paths:
        below[path[0] if path else ""].append(path[1:])
    same: dict[str, tuple[list[str], list[list[tuple[str, ...]]]]] = {}
    for first, rests in below.items():
        endings = _merged(rests)
        same.setdefault(repr(endings), ([], endings))[0].append(first)
    return [[tuple(firsts), *ending] for firsts, endings in same.values() for ending in endings]


def _split(parts: Sequence[tuple[str, ...]]) -> list[str]:
    """Return one line, or where it would be long a line for each of the first alternatives."""
    line = "/".join(one[0] if len(one) == 1 else "{" + ",".join(one) + "}" for one in parts)
    many = next((place for place, one in enumerate(parts) if len(one) > 1), None)
    if len(line) <= _WIDTH or many is None:
        return [line]
    return [
        line for one in parts[many] for line in _split([*parts[:many], (one,), *parts[many + 1 :]])
    ]


def _json(value: Any) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
