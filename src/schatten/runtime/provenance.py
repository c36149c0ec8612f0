"""Where, when and how something was made: kept beside results, which must not depend on it.

`recorded` wraps a verb, so that everything it writes gets a record `.NAME.provenance.json`. The
journal of `schatten.runtime.seals` says which files were written, and which were read.
"""

import os
import platform
import re
import resource
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache, wraps
from importlib import metadata
from pathlib import Path
from typing import Any

from schatten.runtime import garbage, seals
from schatten.runtime.seals import Journal, Seal

FORMAT = 2
"""Version of the records' format. Records of format 1, which name none, hold wrong settings for
some verbs."""


def machine_and_commit() -> dict[str, str]:
    """Return date (UTC), commit, host and processor, for captions and cost tables.

    The commit is the one that the running verb began with.
    """
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "commit": commit(),
        "host": platform.node(),
        "cpu": _cpu(),
    }


def commit() -> str:
    """Return the short commit of the project, with `+` where files differ from it.

    Outside of git it is the version of the package, such as `v0.1.0`.
    In a verb it is that of the verb's begin, as its code was read then.
    """
    return seals.kept("commit", _commit)


def _commit() -> str:
    try:
        run = ["git", "describe", "--always", "--dirty=+", "--exclude=*"]
        return subprocess.run(run, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return f"v{_version('schatten')}"  # outside of git the package's version says it


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


Began = tuple[datetime, float]
"""When a verb began: the time of day, and a clock that is never set."""
SettingsOf = Callable[[str, Mapping[str, Any]], Any]
"""Gives the settings that matter to a verb with its options, as JSON values."""


def _no_settings(verb: str, options: Mapping[str, Any]) -> None:
    """Nothing of a recipe matters."""


def recorded(
    verb: str, function: Callable[..., None], settings_of: SettingsOf = _no_settings
) -> Callable[..., None]:
    """Make a verb write a provenance record beside each of its outputs.

    `settings_of` gives the settings that matter to a verb with its options. It is asked before the
    work begins, and so is git. A recipe or a checkout that is edited meanwhile changes neither the
    record nor, as `schatten.recipe.load` keeps what it read, the work.

    Files among its arguments are inputs, unless the argument's name begins with `output`; they
    are checked before it begins. So are files that `schatten.runtime.files` reads.

    Errors: `UserError` for an input that is not what its record says.
    """

    @wraps(function)
    def run(**options: Any) -> None:
        began = datetime.now(UTC), time.monotonic()
        with seals.journal() as journal:
            for path in _inputs(options):
                seals.reading(path)
            made_by = {"settings": settings_of(verb, options), "commit": commit()}
            started, journal.work_began = time.process_time(), None
            garbage.begin_imports()
            try:
                function(**options)
            finally:
                garbage.end_imports()
            # A verb that reads no file has imported what it needs when it is called, or not.
            startup = started if journal.work_began is None else journal.work_began
            made_by["startup_cpu_seconds"] = round(startup, 3)
            _write_records(verb, made_by, journal, began)

    return run


def _inputs(options: Mapping[str, Any]) -> Iterator[Path]:
    for name, value in options.items():
        if not name.startswith("output"):
            given = value if isinstance(value, list | tuple) else [value]
            yield from (path for path in given if isinstance(path, Path))


def _write_records(verb: str, made_by: Mapping[str, Any], journal: Journal, began: Began) -> None:
    """Write the records of what a verb wrote and left there.

    A file in a folder that was sealed later belongs to the folder and has no record of its own.
    """
    from schatten.runtime.files import write_json

    lasting = {path: seal for path, seal in journal.writes.items() if path.exists()}
    folders: set[Path] = set()
    common = _how(verb, made_by, began) if lasting else {}
    for path, seal in reversed(lasting.items()):
        if not folders & set(path.absolute().parents):
            inputs = _entries(path, journal, set(lasting))
            content = {**common, "artifact": path.name, "seal": seal.as_json(), "inputs": inputs}
            write_json(seals.record_of(path), content)
        if path.is_dir():
            folders.add(path.absolute())


def _how(verb: str, made_by: Mapping[str, Any], began: Began) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "verb": verb,
        "command": shlex.join(["schatten", *sys.argv[1:]]),
        **made_by,
        "versions": _versions(),
        "host": platform.node(),
        "began": began[0].isoformat(timespec="seconds"),
        "seconds": round(time.monotonic() - began[1], 3),
        "cpu_seconds": round(_cpu_time(), 3),
        "peak_memory_mb": round(_peak_memory() / 1e6, 1),
    }


@cache
def _versions() -> dict[str, str]:
    """Return the versions of Python, of schatten, and of every package that it asks for."""
    asked = [line for line in metadata.requires("schatten") or () if "extra ==" not in line]
    names = [re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in asked]
    installed = {name: _version(name) for name in sorted({"schatten", *names})}
    return {"python": platform.python_version(), **installed}


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def _cpu_time() -> float:
    """Return the seconds of CPU time of this process and of those it waited for."""
    return sum(one.ru_utime + one.ru_stime for one in _usage())


def _peak_memory() -> int:
    """Return the peak memory, in bytes, of this process and of those it waited for."""
    return 1024 * max(one.ru_maxrss for one in _usage())


def _usage() -> list[resource.struct_rusage]:
    return [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]


def _entries(path: Path, journal: Journal, written: set[Path]) -> list[dict[str, Any]]:
    """List the files read: paths inside the project relative to the record, others absolute."""
    folder = path.absolute().parent
    reads = {read: seal for read, seal in journal.reads.items() if read not in written}
    entries = [_entry(read, seal, folder) for read, seal in reads.items() if read.exists()]
    for manifest, (recordings, seal) in journal.listings.items():
        entry = _entry(recordings, seal, folder)
        entries.append({**entry, "listed_in": portable(manifest, folder)})
    return sorted(entries, key=lambda entry: str(entry["path"]))


def _entry(path: Path, seal: Seal, folder: Path) -> dict[str, Any]:
    return {"path": portable(path, folder), "seal": seal.as_json()}


def portable(path: Path, folder: Path) -> str:
    """Return the name of a path in a record in `folder`."""
    absolute = path.absolute()
    if absolute.is_relative_to(Path.cwd()):
        return os.path.relpath(absolute, folder)
    return str(absolute)
