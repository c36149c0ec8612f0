"""About how long a plan of steps will take, from the provenance records of steps before.

Records hold the seconds of each step on the machine, and beside the load, of that time. So this is
an estimate, and it says what it rests on.
"""

import heapq
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from schatten.errors import UserError
from schatten.runtime import seals

_RECIPE = re.compile(r"--recipe[ =](\S+)")


@dataclass(frozen=True)
class Planned:
    """A step of a plan."""

    verb: str
    command: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    threads: int = 1

    @property
    def recipe(self) -> str:
        """The recipe that its command names; empty if it names none."""
        return _recipe_of(self.command)


def _recipe_of(command: str) -> str:
    found = _RECIPE.search(command)
    return found[1] if found else ""


def _place(path: str) -> tuple[str, str]:
    """Return what tells steps of one verb apart: names of the folder (`stage2`) and the file."""
    return Path(path).parent.name, Path(path).name


class Records:
    """The seconds of steps before, by what a step has in common with them."""

    def __init__(self, folder: Path) -> None:
        """Read all records below a folder; damaged ones do not count."""
        self._of_path: dict[str, float] = {}
        self._like: dict[tuple[str, ...], dict[tuple[str, str], float]] = {}
        for path in seals.artifacts(folder):
            try:
                record = seals.read_record(path)
            except UserError:
                continue
            if record is not None and isinstance(record.get("seconds"), int | float):
                self._add(path, record)

    def _add(self, path: Path, record: Mapping[str, object]) -> None:
        seconds = float(str(record["seconds"]))
        verb, command = str(record.get("verb")), str(record.get("command"))
        self._of_path[str(path)] = seconds
        for key in _keys(verb, _recipe_of(command), str(path)):
            step = command, str(record.get("began"))  # a step of several files counts once
            self._like.setdefault(key, {})[step] = seconds

    def seconds(self, step: Planned) -> tuple[float, bool] | None:
        """Return how long a step takes, and whether such steps of its recipe say so; None: unknown.

        The file's own record counts first. Then it is the median of steps of the same verb: with
        outputs of such a name in this recipe, all of this recipe, or those of other recipes.
        """
        for path in step.outputs:
            if path in self._of_path:
                return self._of_path[path], True
        for path in step.outputs[:1]:
            for key in _keys(step.verb, step.recipe, path):
                if key in self._like:
                    return median(self._like[key].values()), len(key) > 1
        return None


def _keys(verb: str, recipe: str, path: str) -> list[tuple[str, ...]]:
    """Return what a step has in common with others, the closest first."""
    keys: list[tuple[str, ...]] = [(verb, recipe, *_place(path)), (verb, recipe)]
    return [*(keys if recipe else []), (verb,)]


def makespan(steps: Sequence[Planned], seconds: Sequence[float], cores: int) -> float:
    """Return the seconds of a plan on some cores: each step begins as soon as it can."""
    maker = {path: number for number, step in enumerate(steps) for path in step.outputs}
    waits = [{maker[path] for path in step.inputs if path in maker} for step in steps]
    ready = [number for number, before in enumerate(waits) if not before]
    running: list[tuple[float, int]] = []
    now, free, left = 0.0, cores, set(range(len(steps))) - set(ready)
    while ready or running:
        for number in [*ready]:
            needed = min(steps[number].threads, cores)
            if needed <= free:
                ready.remove(number)
                free -= needed
                heapq.heappush(running, (now + seconds[number], number))
        now, done = heapq.heappop(running)
        free += min(steps[done].threads, cores)
        for number in sorted(left):
            waits[number].discard(done)
            if not waits[number]:
                left.remove(number)
                ready.append(number)
    return now


def said(steps: Sequence[Planned], cores: int, folder: Path = Path("results")) -> str:
    """Return a line that says how many steps there are, and about how long they will take."""
    if not steps:
        return ""
    count = "1 step" if len(steps) == 1 else f"{len(steps)} steps"
    records = Records(folder)
    found = [records.seconds(step) for step in steps]
    known = [one for one in found if one is not None]
    if not known:
        return f"{count}; no records tell yet how long they take"
    took = makespan(steps, [0.0 if one is None else one[0] for one in found], cores)
    at_a_time = "1 core" if cores == 1 else f"{cores} cores"
    own, others = sum(is_own for _, is_own in known), sum(not is_own for _, is_own in known)
    rests = [f"{own} measured in this recipe"] if own else []
    rests += [f"{others} in other recipes"] if others else []
    rests += [f"{len(steps) - len(known)} not known"] if len(known) < len(steps) else []
    return f"{count}, about {rounded(took)} on {at_a_time} ({', '.join(rests)})"


def rounded(seconds: float) -> str:
    """Return a duration as people estimate it: `40 s`, `12 min`, `3.5 h`."""
    if seconds < 90:
        return f"{max(1, round(seconds)):d} s"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} min"
    return f"{seconds / 3600:.1f} h"


def planned(infos: Iterable[Mapping[str, object]]) -> list[Planned]:
    """Return the steps that Snakemake's descriptions of jobs are of; collecting rules are none."""
    from schatten.runtime.console import step_from, strings

    steps = []
    for info in infos:
        step = step_from(dict(info))
        if step.command:
            inputs, outputs = strings(info.get("input")), strings(info.get("output"))
            threads = int(str(info.get("threads") or 1))
            one = Planned(step.verb, step.command, tuple(inputs), tuple(outputs), threads)
            steps.append(one)
    return steps
