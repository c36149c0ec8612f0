"""Snakemake's logger plugin `schatten`: turns Snakemake's events into lines of the console.

Snakemake finds it by the name of this package; `snakemake --logger schatten` works too.
"""

import os
import re
import threading
from logging import ERROR, WARNING, LogRecord
from pathlib import Path
from typing import Any

from rich.console import Console
from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

from schatten.runtime import estimate, progress
from schatten.runtime.clock import MEND
from schatten.runtime.console import RunDisplay, step_from

_RAISED_BY_SNAKEFILE = re.compile(
    r'\AWorkflowError in file ".*", line \d+:\n(.*?)(?:\n  File ".*", line \d+, in <module>)?\Z',
    re.DOTALL,
)
_LEFT_OUT = re.compile(r"^Job (\d+) +completed successfully, but some output", re.MULTILINE)
_NOT_WRITTEN = re.compile(r"\[Errno (\d+)\] ([^:'()]+)(?:: '([^']*)')?(?:\)|\n|\Z)")
_OLDER = re.compile(r"Output (.+) has older modification time \(.*\) than input (.+) \(")
_LOCKED = (
    "another run is at work on these results: wait for it; if no run is alive, on no machine, "
    "`snakemake --unlock` lifts its lock"
)


class LogHandler(LogHandlerBase):
    """Shows steps as they start, end and fail; Snakemake's own chatter goes to its log file."""

    def __post_init__(self) -> None:
        """Make the display and the thread that prints progress."""
        folder = os.environ.get(progress.FOLDER)
        console = Console(highlight=False, no_color=self.common_settings.nocolor or None)
        self.display = RunDisplay(console, Path(folder) if folder else None)
        self.plan: dict[int, dict[str, Any]] = {}
        """The jobs that a dry run names."""
        self.closed = threading.Event()
        threading.Thread(target=self._tick, daemon=True).start()

    def _tick(self) -> None:
        while not self.closed.wait(1.0):
            self.display.tick()

    def emit(self, record: LogRecord) -> None:
        """Show what a record says, if it is for people."""
        info = record.__dict__
        match info.get("event"):
            case LogEvent.RUN_INFO if not self.common_settings.dryrun:
                self.display.plan(int(info["stats"]["total"]))
            case LogEvent.JOB_INFO if self.common_settings.dryrun:
                step = step_from(info)
                self.plan[info["jobid"]] = info
                self.display.say(f"would run {step.verb} {step.makes} ({step.reason})")
            case LogEvent.JOB_INFO:
                self.display.start(info["jobid"], step_from(info))
            case LogEvent.PROGRESS:
                self.display.grow(int(info["total"]))
            case LogEvent.JOB_FINISHED:
                self.display.finish(info["job_id"])
            case LogEvent.JOB_ERROR:
                self.display.fail(info["jobid"], [Path(log) for log in info["log"]])
            case LogEvent.ERROR:
                self._show_error(record)
            case None:
                self._show_message(record)

    def _show_error(self, record: LogRecord) -> None:
        """Show an error of Snakemake's own, not those that only say that a step failed."""
        message = record.getMessage()
        if "CalledProcessError" in message or "At least one job did not complete" in message:
            return
        if record.__dict__.get("exception") == "LockException":
            message = _LOCKED
        elif failed := _NOT_WRITTEN.search(message):
            full = failed[1] in ("28", "122")  # no space, quota
            what = failed[3] or "a file of Snakemake's own"
            reason = "its disk is full" if full else failed[2]
            message = f"{what} cannot be written ({reason}): mend that; the same command goes on"
        elif older := _OLDER.search(message):
            message = f"{older[1]} is older than its input {older[2]}: the clock went back; {MEND}"
        elif raised := _RAISED_BY_SNAKEFILE.match(message):
            message = f"schatten: {raised[1]}"
        self.display.complain(message)
        if left_out := _LEFT_OUT.search(message):
            self.display.fail(int(left_out[1]))

    def _show_message(self, record: LogRecord) -> None:
        message = record.getMessage()
        if message.startswith("Nothing to be done"):
            self.display.say("nothing to do: everything asked for is there and up to date")
        elif message.startswith("Terminating processes on user request"):
            self.display.interrupt()
        elif record.levelno >= WARNING and not message.startswith("Exiting because a job"):
            self.display.say(message, "red" if record.levelno >= ERROR else "yellow")

    def close(self) -> None:
        """Sum up, once."""
        if not self.closed.is_set():
            self.closed.set()
            if self.plan and not self.display.failed:
                cores = int(os.environ.get(progress.CORES) or os.cpu_count() or 1)
                self.display.say(estimate.said(estimate.planned(self.plan.values()), cores))
            self.display.close()
        super().close()

    @property
    def writes_to_stream(self) -> bool:
        """It replaces Snakemake's own lines on the console."""
        return True

    @property
    def writes_to_file(self) -> bool:
        """It writes no file."""
        return False

    @property
    def has_filter(self) -> bool:
        """It chooses events itself."""
        return True

    @property
    def has_formatter(self) -> bool:
        """It formats events itself."""
        return True

    @property
    def needs_rulegraph(self) -> bool:
        """It draws no graph."""
        return False
