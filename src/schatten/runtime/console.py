"""The console of a running workflow: steps, training progress, and why a step failed.

On a terminal the running steps are redrawn in place; elsewhere every line is plain and final. It
learns of steps only through Snakemake's events, and reads no artifact.
"""

import re
import time
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from schatten.runtime import progress
from schatten.runtime.files import full_disk
from schatten.runtime.progress import Progress

LOG_TAIL = 25
"""Lines of a failed step's log that are shown."""
_PLAIN_PERIOD = 30.0
"""Seconds between two progress lines of a step where output is not a terminal."""
_VERB = re.compile(r"\bschatten ((?:[a-z][a-z0-9-]*)(?: [a-z][a-z0-9-]*)?)(?=\s|$)")


@dataclass
class RunningStep:
    """A job of the workflow."""

    verb: str
    makes: str
    """A short name of its outputs."""
    log: Path | None
    command: str
    title: str = ""
    """What it does, if its rule says so: `train stage 2 of l2 at tau 0.70`."""
    reason: str = ""
    started: float = field(default_factory=time.monotonic)
    said: float = field(default_factory=time.monotonic)
    """Time at which a line about it was printed last."""
    first: tuple[float, float] | None = None
    """Time and share of the work at which progress was seen first; the ETA is computed from it."""

    @property
    def name(self) -> str:
        """What it does, or else its verb and outputs."""
        return self.title or f"{self.verb} {self.makes}"

    @property
    def elapsed(self) -> float:
        """Seconds since it started."""
        return time.monotonic() - self.started

    def describe(self, seen: Progress | None) -> str:
        """Return the progress, and the time left."""
        if seen is None:
            return duration(self.elapsed)
        epochs = f"epoch {seen.epoch}/{seen.epochs}" if seen.epochs > 1 else ""
        loss = "" if seen.loss is None else f"loss {seen.loss:.4g}"
        eta = self._seconds_left(seen.share)
        parts = (
            seen.step,
            epochs,
            f"{100 * seen.batch / max(seen.batches, 1):.0f} %",
            loss,
            duration(self.elapsed),
            "" if eta is None else f"{duration(eta)} left",
        )
        return ", ".join(part for part in parts if part)

    def _seconds_left(self, share: float) -> float | None:
        """Estimate the time left from the pace since progress was first seen.

        So a resumed job does not skew the estimate.
        """
        now = time.monotonic()
        if self.first is None or share < self.first[1]:
            self.first = (now, share)
        since, done = now - self.first[0], share - self.first[1]
        return since / done * (1 - share) if done > 0 and since > 1 else None


def step_from(info: dict[str, object]) -> RunningStep:
    """Make a step from Snakemake's description of a job."""
    command = " ".join(str(info.get("shellcmd") or "").split())
    verb = _VERB.search(command)
    logs = strings(info.get("log"))
    return RunningStep(
        verb=verb[1] if verb else str(info["rule_name"]),
        makes=outputs_name(strings(info.get("output"))),
        log=Path(logs[0]) if logs else None,
        command=command,
        title=str(info.get("rule_msg") or ""),
        reason=kinds(str(info.get("reason") or "")),
    )


def strings(value: object) -> list[str]:
    """Return the entries of one of Snakemake's lists of files; none for no list."""
    return [str(entry) for entry in value] if isinstance(value, Iterable) else []


def kinds(reason: str) -> str:
    """Shorten Snakemake's reason to its kinds, without the files: `Missing output files`."""
    return "; ".join(part.partition(":")[0] for part in reason.split("; "))


def outputs_name(outputs: list[str]) -> str:
    """Return a short name of the outputs: the first one, without the folder of all results."""
    if not outputs:
        return ""
    more = f" (+{len(outputs) - 1})" if len(outputs) > 1 else ""
    return outputs[0].removeprefix("results/") + more


def duration(seconds: float) -> str:
    """Write a duration: `7 s`, `2:05 min`, `1:02:05 h`."""
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    if minutes == 0:
        return f"{rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02} h" if hours else f"{minutes}:{rest:02} min"


def tail(log: Path, lines: int = LOG_TAIL) -> list[str]:
    """Return the last lines of a log; a line that was redrawn is returned in its last state."""
    try:
        with log.open(errors="replace", newline="\n") as file:
            last = deque((line for line in file if line.strip()), maxlen=lines)
    except OSError:
        return []
    return [line.rstrip().rpartition("\r")[2] for line in last]


class RunDisplay:
    """The steps of a run; all printing goes through it."""

    def __init__(self, console: Console, progress_folder: Path | None) -> None:
        self.console = console
        self.progress_folder = progress_folder
        self.running: dict[int, RunningStep] = {}
        self.total = 0
        self.done = 0
        self.failed = False
        self.interrupted = False
        self.began = time.monotonic()
        self.live = Live(
            get_renderable=self._draw, console=console, refresh_per_second=2, transient=True
        )

    def say(self, line: str, style: str = "") -> None:
        """Print a line that stays."""
        self.console.print(Text(line, style=style), soft_wrap=True)

    def plan(self, total: int) -> None:
        """Set the number of steps."""
        self.total = total
        if self.console.is_terminal:
            self.live.start()

    def grow(self, total: int) -> None:
        """Raise the number of steps, after a choice has added some."""
        self.total = total

    def start(self, job: int, step: RunningStep) -> None:
        """Show a step that has started."""
        if not step.command:  # a target that only collects files
            return
        self.running[job] = step
        if not self.console.is_terminal:
            self.say(f"{self._count()} start {step.name}")

    def finish(self, job: int) -> None:
        """Show a step that is done."""
        self.done += 1
        step = self.running.pop(job, None)
        if step is not None:
            self.say(f"{self._count()} {step.name} ({duration(step.elapsed)})")

    def fail(self, job: int, logs: Iterable[Path] = ()) -> None:
        """Show a step that failed: the end of its log, where that is, and how to run it alone.

        `logs` are the step's own and those of its executor; the first that is not empty is shown.
        """
        step = self.running.pop(job, None)
        if step is None or self.interrupted:
            return
        self.failed = True
        self.say(f"FAILED {step.name} after {duration(step.elapsed)}", "bold red")
        there = [*([step.log] if step.log else []), *logs]
        log = next((log for log in there if tail(log)), there[0] if there else None)
        lines = tail(log) if log else []
        for line in lines:
            self.say(f"  | {line}")
        if log:
            self.say(f"  log: {log}" + ("" if lines else " (it says nothing)"))
        if step.log and step.log.parent.is_dir() and (full := full_disk(step.log.parent)):
            self.say(f"  {full}")
        self.say(f"  to run it alone: {step.command}")
        if self.running:
            waiting = ", ".join(other.name for other in self.running.values())
            self.say(f"waiting for the steps that still run: {waiting}")

    def complain(self, message: str) -> None:
        """Show an error other than a failed step."""
        self.failed = self.failed or not self.interrupted
        self.say(message, "red")

    def interrupt(self) -> None:
        """The user asked to stop: steps that end from now on are no failures."""
        self.interrupted = True

    def tick(self) -> None:
        """Print progress where nothing is redrawn; called at intervals."""
        if self.console.is_terminal:
            return
        seen = self._progress()
        for step in list(self.running.values()):
            if time.monotonic() - step.said >= _PLAIN_PERIOD:
                step.said = time.monotonic()
                self.say(f"{self._count()} {step.name}: {step.describe(_progress_of(step, seen))}")

    def close(self) -> None:
        """Sum up and give the terminal back."""
        self.live.stop()
        if self.interrupted:
            self.say("stopped; the same command goes on", "yellow")
        elif self.total and self.done == self.total:  # perhaps after failures and new tries
            took = duration(time.monotonic() - self.began)
            self.say(f"{self.total} steps done in {took}", "bold green")
        elif self.failed and self.total:
            done = f"{self.done} of {self.total} steps done"
            self.say(f"failed, {done}; after mending, the same command goes on", "bold red")

    def _count(self) -> str:
        width = len(str(self.total))
        return f"[{self.done:{width}}/{self.total}]"

    def _progress(self) -> dict[str, Progress]:
        return progress.read(self.progress_folder) if self.progress_folder else {}

    def _draw(self) -> Group:
        seen = self._progress()
        lines = [
            Text(f"  {step.name}: {step.describe(_progress_of(step, seen))}", style="cyan")
            for step in list(self.running.values())
        ]
        took = duration(time.monotonic() - self.began)
        for line in lines:
            line.truncate(self.console.width - 1, overflow="ellipsis")
        return Group(*lines, Text(f"{self._count()} {took}", style="bold"))


def _progress_of(step: RunningStep, seen: dict[str, Progress]) -> Progress | None:
    return seen.get(str(step.log.absolute())) if step.log else None
