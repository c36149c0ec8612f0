"""Why a recording cannot be used, and what to run: commands are quoted for a shell."""

import shlex
from dataclasses import dataclass
from pathlib import Path

COPY = "copy it anew"
COPIED_FRAMES = "ffmpeg -i {old} -c copy {new}"
"""Writes the same coded sound into a container with a right header."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with a recording, and the fix."""

    reason: str
    """Follows "cannot be read": e.g. `a Git LFS pointer, not sound`."""
    fix: str = COPY

    def __str__(self) -> str:
        return f"({self.reason}): {self.fix}"


MISSING = Fault("missing", "correct its path or copy it there")


class Unreadable(Exception):
    """A recording that cannot be used; raised and caught within this package."""

    def __init__(self, fault: Fault) -> None:
        """Keep the fault."""
        super().__init__(str(fault))
        self.fault = fault


def cut_short(found: float, promised: float, unit: str) -> Fault:
    """Return the fault of a recording that has less than it promises."""
    return Fault(f"cut short: {found:.10g} of {promised:.10g} {unit}")


def quoted(path: Path) -> str:
    """Return a path as a shell takes it, which no program takes for an option or a URL."""
    name = str(path)
    return shlex.quote(
        f"./{name}" if name.startswith("-") or ":" in name.split("/", maxsplit=1)[0] else name
    )


def beside(path: Path, command: str) -> str:
    """Return a command that runs in the folder of a recording."""
    return command if path.parent == Path() else f"(cd {quoted(path.parent)} && {command})"


def rewritten(path: Path, command: str = "ffmpeg -i {old} {new}") -> str:
    """Return the advice to write a recording anew, under its own name."""
    old, new = quoted(Path(path.name)), quoted(Path(f"new-{path.name}"))
    made = command.format(old=old, new=new)
    return f"run `{beside(path, f'{made} && mv {new} {old}')}`"


def as_flac(path: Path) -> str:
    """Return the advice to convert a recording to FLAC, under a new name."""
    old, new = Path(path.name), Path(f"{path.stem}.flac")
    new = Path(f"new-{new}") if new == old else new
    command = f"ffmpeg -i {quoted(old)} {quoted(new)}"
    return f"run `{beside(path, command)}` and name that file instead"
