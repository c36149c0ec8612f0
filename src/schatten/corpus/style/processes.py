"""Runs blocks, each in a new process, a few at a time; finished blocks survive a kill."""

import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import ClassVar, TypeVar

from schatten.corpus.style.sounds import Sources
from schatten.errors import UserError
from schatten.runtime import progress
from schatten.runtime.files import digest, write_text
from schatten.runtime.launch import run_module
from schatten.runtime.process import die_with_parent


class Job(Sources, ABC):
    """A block of sounds, and what they are made with."""

    output: str
    """Folder that sounds are written below."""
    module: ClassVar[str]
    """Module that is run with a file of the job and with the path of its note."""
    step: ClassVar[str]
    """What is done, for the progress."""
    doing: ClassVar[str]
    """What is done with a block, for errors."""

    @property
    @abstractmethod
    def name(self) -> str:
        """The block's name."""

    @property
    @abstractmethod
    def makes(self) -> Iterator[str]:
        """Yield the paths of its sounds, relative to `output`."""


Kind = TypeVar("Kind", bound=Job)


def run_one(kind: type[Kind], run: Callable[[Kind], None]) -> None:
    """Be the process of a job: read its file, run it, then write the note that says so.

    The paths of both are the process's arguments. It ends with its parent, and with the sentence of
    a `UserError`.
    """
    die_with_parent()
    job, note = sys.argv[1:]
    try:
        run(kind.model_validate_json(Path(job).read_text()))
        write_text(note, "done\n")
    except UserError as error:
        sys.exit(f"{error}")


def run_jobs(jobs: Sequence[Job], folder: Path, workers: int, tasks: int = 1) -> None:
    """Run jobs, `workers` at once in each of a Slurm job's `tasks`.

    `folder` has a note for each finished job, which is then skipped. A note without its recordings
    is ignored, because Snakemake removes the outputs of a killed step but not the notes.

    Errors: `UserError` with the last line of a failed process.
    """
    waiting = [job for job in jobs if not _is_done(job, folder)]
    pool = ThreadPoolExecutor(workers * tasks)
    try:
        futures = [pool.submit(_run, job, folder, tasks) for job in waiting]
        for count, future in enumerate(as_completed(futures), 1):
            future.result()
            progress.report(waiting[0].step, batch=count, batches=len(waiting))
    finally:
        pool.shutdown(cancel_futures=True)


def _is_done(job: Job, folder: Path) -> bool:
    return done_path(job, folder).is_file() and all(
        (Path(job.output) / path).is_file() for path in job.makes
    )


def done_path(job: Job, folder: Path) -> Path:
    """Name the note after the whole content of the job, so that a changed job has another note."""
    return folder / f"{job.name}-{digest(job.model_dump(mode='json'), 16)}.done"


def _run(job: Job, folder: Path, tasks: int) -> None:
    path = folder / f"{job.name}.job.json"
    write_text(path, job.model_dump_json())
    result = run_module(job.module, str(path), str(done_path(job, folder)), tasks=tasks)
    if result.returncode:
        lines = result.stderr.strip().splitlines() or [f"it ended with {result.returncode}"]
        raise UserError(f"{job.doing} {job.name} failed: {lines[-1]}")
