"""`schatten run`: Snakemake with a readable console; after a kill the same command goes on.

It runs Snakemake in this process, so that killing one kills the other. The Snakefile alone decides
about steps.
"""

import contextlib
import io
import os
import re
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from schatten.errors import UserError
from schatten.runtime import cluster, files, garbage, process, progress, project, surroundings

_HOME = Path(".snakemake")
_LOCKS = _HOME / "locks"
_PARTS = ("locks", "metadata", "incomplete", "log", "owners")
"""Folders in it that are written in every run."""
_USING = re.compile("Using .*profile")
_OWNERS = _HOME / "owners"
"""Holds a folder for each `schatten run` that is alive (and locks it) or was killed."""

INTERRUPTED = 130
"""Exit status after Ctrl-C, as in shells."""


def run(arguments: list[str], *, dry_run: bool) -> int:
    """Run Snakemake with command line `arguments` in the current folder; return its exit status.

    Errors: `UserError` if the folder has no Snakefile, or if it, Snakemake's folder or that of
    temporary files cannot be written.
    """
    if not Path("Snakefile").is_file():
        raise UserError(
            f"{Path.cwd()} has no Snakefile: run this in the project's folder, or make one: "
            "schatten init FOLDER"
        )
    project.refuse_other_version()
    if not os.access(Path.cwd(), os.W_OK):
        raise UserError(f"{Path.cwd()} cannot be written: run in a clone of your own")
    _put_tools_on_path()
    process.jobs_die_with_me()
    garbage.collect_seldom()  # from Snakemake's imports on
    _require_room()
    surroundings.keep_caches(_HOME / "caches")
    with tempfile.TemporaryDirectory(prefix="progress.", dir=_HOME) as folder:
        os.environ[progress.FOLDER] = str(Path(folder).absolute())
        ours = ["--logger", "schatten", "--rerun-incomplete"]
        ours += ["--slurm-jobname-prefix", cluster.job_name(_owner())]
        with contextlib.nullcontext() if dry_run else _owning():
            return _snakemake([*ours, *arguments])


def is_running() -> bool:
    """Tell whether a run of the workflow is alive in this folder, on any machine."""
    owners = [path for path in _OWNERS.iterdir() if path.is_dir()] if _OWNERS.is_dir() else []
    return any(not _is_dead(path) for path in owners) or bool(process.running_here("snakemake"))


def _require_room() -> None:
    """Refuse to begin where Snakemake would end with a traceback."""
    for folder in (_HOME, *(_HOME / name for name in _PARTS if (_HOME / name).exists())):
        files.require_writable(folder)
    given = Path(os.environ.get("TMPDIR", ""))
    if full := files.full_disk(given if given.is_dir() else Path(tempfile.gettempdir())):
        raise UserError(f"{full} (or set TMPDIR to a folder of another disk)")


def profile(name: str) -> str:
    """Return the folder of a profile: one of the project's by its name, or any by its path.

    Errors: `UserError` if there is none.
    """
    for folder in (Path("profiles") / name, Path(name)):
        if (folder / "config.yaml").is_file():
            return str(folder)
    there = ", ".join(sorted(path.parent.name for path in Path("profiles").glob("*/config.yaml")))
    raise UserError(
        f"there is no profile {name}: give a folder with a config.yaml, or one of {there}"
    )


def _put_tools_on_path() -> None:
    """Let steps find the verbs of this environment, even if it is not activated."""
    here = str(Path(sys.executable).parent)
    os.environ["PATH"] = os.pathsep.join([here, os.environ.get("PATH", os.defpath)])


def _snakemake(arguments: list[str]) -> int:
    from snakemake.cli import args_to_api

    interrupts = _count_interrupts()
    try:
        with _without_profile_line():
            parser, parsed = _parsed(arguments)
        os.environ[progress.CORES] = str(parsed.cores or parsed.jobs or "")
        succeeded = args_to_api(parsed, parser)
    except KeyboardInterrupt:
        succeeded = False
    if interrupts:
        return INTERRUPTED
    return 0 if succeeded else 1


def _parsed(arguments: list[str]) -> Any:
    """Return Snakemake's parser and the options; a profile that is gone is a `UserError`."""
    from snakemake.cli import get_profile_dir, parse_args

    named = os.environ.get("SNAKEMAKE_PROFILE")
    given = any(one.partition("=")[0] == "--profile" for one in arguments)
    if named and not given and get_profile_dir(named) is None:
        raise UserError(
            f"the variable SNAKEMAKE_PROFILE names {named}, which is no folder with a config.yaml: "
            "unset it, or give --profile"
        )
    return parse_args(arguments)


def _count_interrupts() -> list[int]:
    """Return a list that grows with every Ctrl-C, because Snakemake hides them."""
    seen: list[int] = []

    def interrupt(number: int, frame: FrameType | None) -> None:
        seen.append(number)
        signal.default_int_handler(number, frame)

    signal.signal(signal.SIGINT, interrupt)
    return seen


@contextmanager
def _without_profile_line() -> Iterator[None]:
    """Drop the line in which Snakemake names its profile; pass on all others."""
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            yield
    finally:
        kept = [line for line in said.getvalue().splitlines(True) if not _USING.match(line)]
        sys.stderr.writelines(kept)


@contextmanager
def _owning() -> Iterator[None]:
    """Own this folder's runs during the context, beside other living owners.

    If only killed owners can have left Snakemake's lock, it is lifted first.
    """
    mine = _OWNERS / _owner()
    with contextlib.ExitStack() as owned:
        with process.locked(_OWNERS):
            _lift_stale_lock()
            owned.enter_context(process.locked(mine))
        yield
        shutil.rmtree(mine)


def _owner() -> str:
    """Return the name of this run's folder."""
    return f"{socket.gethostname()}.{os.getpid()}"


_END_OF_JOBS = 90.0
"""Seconds in which the processes of cancelled jobs must end. Slurm kills what outlives its SIGTERM
after KillWait, 30 s by default, and on a busy machine that takes a while."""


def _lift_stale_lock() -> None:
    """Lift Snakemake's lock if owners are known, all are dead, and no other Snakemake is here.

    Slurm jobs of dead owners are cancelled first.
    """
    owners = [path for path in _OWNERS.iterdir() if path.is_dir()]
    dead = [path for path in owners if _is_dead(path)]
    cancelled = [cluster.cancel_jobs(path.name) for path in dead]
    locked = any(_LOCKS.glob("*.lock"))
    if locked and dead and dead == owners and not _another_runs(_END_OF_JOBS * any(cancelled)):
        shutil.rmtree(_LOCKS)
        print("a run was killed and left its lock: lifted")
    elif locked:
        return
    for path in dead:
        shutil.rmtree(path)


def _another_runs(patience: float) -> bool:
    """Tell whether Snakemake runs here; a cancelled one has `patience` seconds to end."""
    deadline = time.monotonic() + patience
    while found := process.running_here("snakemake"):
        cluster.end_remains(found)
        if time.monotonic() >= deadline:
            return True
        time.sleep(0.5)
    return False


def _is_dead(owner: Path) -> bool:
    """Tell whether an owner is gone, on any machine: its lock ends with its process.

    Its name does not tell, because a container's host name changes with each start.
    """
    try:
        with process.locked(owner, patience=0):
            return True
    except UserError:
        return False
