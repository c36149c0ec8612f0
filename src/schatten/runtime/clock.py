"""Files from the future: what a clock that went back leaves, and how their times are mended.

Snakemake refuses a job whose output is older than its input. So as long as an input is from the
future, no step that reads it can end.
"""

import os
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from schatten.errors import UserError
from schatten.runtime import seals

_TOLERANCE = 5 * 10**9
"""Nanoseconds by which a file may be ahead, as on a disk of another machine."""
_STEP = 1000
"""Nanoseconds between two mended files that had different times. Snakemake compares in seconds as
floating-point numbers, which tell apart what is 1 µs apart."""
_FLAG = ".snakemake_timestamp"
"""File in a folder whose time is, for Snakemake, that of the folder."""
MEND = "`schatten mend-times` sets such times to now, in their order"


def refuse_future(folders: Iterable[Path]) -> None:
    """Refuse to run on artifacts that are from the future.

    Errors: `UserError` that names the latest one, and the command that mends it.
    """
    limit = time.time_ns() + _TOLERANCE
    late = {path: made for path, made in _times(folders) if made > limit}
    if late:
        path = max(late, key=lambda one: late[one])
        more = f" (and {len(late) - 1:,} more)" if len(late) > 1 else ""
        raise UserError(
            f"{path}{more} is from the future, {_said(late[path])}: the clock went back to "
            f"{_said(time.time_ns())}, and no step that reads it can end before; {MEND}"
        )


def _times(folders: Iterable[Path]) -> Iterator[tuple[Path, int]]:
    """Yield the artifacts below some folders, and their times in ns since 1970."""
    for folder in folders:
        for path in seals.artifacts(folder):
            carrier = path / _FLAG if path.is_dir() else path
            if carrier.exists():
                yield path, carrier.stat().st_mtime_ns


def _said(time_ns: int) -> str:
    return f"{datetime.fromtimestamp(time_ns / 1e9):%Y-%m-%d %H:%M:%S}"


def mend(folders: Iterable[Path]) -> int:
    """Set the times of all files from the future to now, in their order; return their number.

    They stay newer than all other files, so no step is made again for its times.
    """
    now = time.time_ns()
    late = {path: made for path, made in _every(folders) if made > now}
    order = {made: number for number, made in enumerate(sorted(set(late.values())))}
    for path, made in late.items():
        mended = now - _STEP * (len(order) - 1 - order[made])
        os.utime(path, ns=(mended, mended), follow_symlinks=False)
    return len(late)


def _every(folders: Iterable[Path]) -> Iterator[tuple[Path, int]]:
    """Yield all files below some folders, and their times; a link and the file that it names.

    Records that are just ahead are left out: the time of a record is up to 4.3 s after that of its
    artifact, to say that this was checked.
    """
    limit = time.time_ns() + _TOLERANCE
    for folder in folders:
        for place, _, names in os.walk(folder, followlinks=True):
            for path in (Path(place, name) for name in names):
                for one in (path, path.resolve()) if path.is_symlink() else (path,):
                    made = one.lstat().st_mtime_ns if one.exists() else 0
                    if made > limit or not one.name.endswith(seals.SUFFIX):
                        yield one, made
