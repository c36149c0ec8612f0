"""The process that distorts one block: `python -m schatten.corpus.style.block JOB DONE`.

JOB is a JSON file (a `Job`). The file DONE is written last, and means that all copies exist.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from pydantic import BaseModel

from schatten.audio.reading import known_header, read
from schatten.corpus.style import processes
from schatten.corpus.style.distortion import Signal, resample
from schatten.corpus.style.plan import Distortion
from schatten.corpus.style.sounds import Sounds, distort, write_flac
from schatten.corpus.style.vocal_tract import warp
from schatten.errors import UserError


class Copy(Distortion):
    """A distorted copy of an utterance."""

    id: str
    audio: str
    """Path relative to the corpus's folder."""
    vocal_tract: float
    """Factor on formants and pitch."""


class Source(BaseModel):
    """An utterance and its copies."""

    id: str
    recording: str
    """Absolute path."""
    start: float
    """Seconds from the recording's start."""
    end: float | None
    """Seconds from the recording's start; None: its end."""
    copies: list[Copy]


class Job(processes.Job):
    """A block of utterances, and what their copies are made with."""

    block: str
    utterances: list[Source]
    module = "schatten.corpus.style.block"
    step = "multi-style"
    doing = "distorting"

    @property
    def name(self) -> str:
        """The block's name."""
        return self.block

    @property
    def makes(self) -> Iterator[str]:
        """Yield the paths of its copies."""
        for utterance in self.utterances:
            yield from (copy.audio for copy in utterance.copies)


def read_utterance(path: Path, start: float, end: float | None) -> Signal:
    """Return an utterance's samples at 16 kHz: seconds `start` to `end` of a recording.

    Errors: `UserError` for a recording that cannot be used.
    """
    rate = known_header(path).rate
    first = round(start * rate)
    count = None if end is None else round(end * rate) - first
    samples, _ = read(path, first, count)
    if not np.isfinite(samples).all():
        raise UserError(f"{path} holds samples that are no numbers: copy it anew")
    return resample(np.ascontiguousarray(samples[:, 0]), rate)


def run(job: Job) -> None:
    """Write the copies of a block's utterances (16 kHz, 16-bit, mono FLAC)."""
    sounds = Sounds(job)
    for utterance in job.utterances:
        dry = read_utterance(Path(utterance.recording), utterance.start, utterance.end)
        for copy in utterance.copies:
            samples = distort(warp(dry, copy.vocal_tract), copy, sounds)
            write_flac(Path(job.output) / copy.audio, samples)


if __name__ == "__main__":
    processes.run_one(Job, run)
