"""lhotse's view of recordings: it cuts, resamples and perturbs what our reader decodes.

lhotse's own readers pass the name of a `.sph` file to a shell, and run a recording of type
`command`. So its process-wide reader is replaced, for good: it is not safe to replace it for a
while where threads share it.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from lhotse.audio.backend import (
    LibsndfileBackend,
    LibsndfileCompatibleAudioInfo,
    get_current_audio_backend,
    set_current_audio_backend,
)
from lhotse.cut import Cut
from lhotse.utils import compute_num_samples

from schatten.audio.reading import TOLERANCE, known_header, read
from schatten.errors import UserError

_EXTRA = "\n[extra info] When calling"
"""lhotse adds the call to the text of an exception."""


class OwnReader(LibsndfileBackend):
    """Reads as `schatten.audio.reading`; writes as lhotse does with libsndfile."""

    def read_audio(
        self,
        path_or_fd: Any,
        offset: float = 0.0,
        duration: float | None = None,
        force_opus_sampling_rate: int | None = None,
    ) -> tuple[np.ndarray[Any, Any], int]:
        """Return samples (channels, frames) in [-1, 1] and the rate in Hz.

        Errors: `UserError` for a recording that cannot be used, or is no file.
        """
        del force_opus_sampling_rate  # no part of what libsndfile reads
        path = _file(path_or_fd)
        rate = known_header(path).rate
        first = compute_num_samples(offset, rate) if offset > 0 else 0
        count = None if duration is None else compute_num_samples(duration, rate)
        samples, rate = read(path, first, count)
        return samples.T, rate

    def info(
        self, path_or_fd: Any, force_opus_sampling_rate: int | None = None
    ) -> LibsndfileCompatibleAudioInfo:
        """Return channels, length and rate of a recording.

        Errors: `UserError` for a recording that cannot be used, or is no file.
        """
        del force_opus_sampling_rate
        header = known_header(_file(path_or_fd))
        return LibsndfileCompatibleAudioInfo(
            channels=header.channels,
            frames=header.frames,
            samplerate=header.rate,
            duration=header.seconds,
        )


def use_own_reader() -> None:
    """Let lhotse read through `schatten.audio.reading` from now on, in this process."""
    if not isinstance(get_current_audio_backend(), OwnReader):
        set_current_audio_backend(OwnReader())


def require_files(types: Iterable[str], cut: str, cuts: Path) -> None:
    """Refuse a cut whose recording is no plain file: lhotse would run a `command` in a shell.

    Errors: `UserError`.
    """
    if other := [one for one in types if one != "file"]:
        raise UserError(
            f"{cuts}: the recording of {cut} is of type {other[0]!r}, not one plain file: write "
            "the audio to files with `lhotse recording` or CutSet.save_audios"
        )


def check_length(cut: Cut, cuts: Path) -> None:
    """Refuse a recording of another length than its cut says: lhotse would fill up to 0.5 s.

    Errors: `UserError` for that, and for a recording that cannot be used.
    """
    recording = cut.recording
    if any(_name_of(transform) != "Resample" for transform in recording.transforms or ()):
        return  # others, e.g. of speed, change the length
    for source in recording.sources:
        path = Path(source.source)
        seconds = known_header(path).seconds
        if abs(seconds - recording.duration) > TOLERANCE:
            raise UserError(
                f"{path} lasts {seconds:.2f} s, and {cuts} says {recording.duration:.2f} s: copy "
                "it anew, or make the corpus again"
            )


def why(error: Exception) -> str:
    """Return what an exception of lhotse's says, in one line."""
    said = str(error).partition(_EXTRA)[0]
    if isinstance(error, UserError):
        return said
    return (said.splitlines() or [type(error).__name__])[0] or type(error).__name__


@contextmanager
def naming(cut: Cut, cuts: Path) -> Iterator[None]:
    """Name the utterance in every error of reading its recording, as a `UserError` of one line."""
    try:
        yield
    except UserError as error:
        raise UserError(f"utterance {cut.id} of {cuts}: {why(error)}") from None
    except Exception as error:
        raise UserError(
            f"utterance {cut.id} of {cuts} cannot be read ({why(error)}): repair its recording, or "
            "leave it out"
        ) from error


def load(cut: Cut, cuts: Path) -> np.ndarray[Any, Any]:
    """Return the samples of a cut of one channel, after its transforms, float32 in [-1, 1].

    Errors: `UserError` that names the utterance, where its recording cannot be used.
    """
    use_own_reader()
    with naming(cut, cuts):
        check_length(cut, cuts)
        samples: np.ndarray[Any, Any] = cut.load_audio()
        return samples[0]


def _file(path_or_fd: Any) -> Path:
    if not isinstance(path_or_fd, str | Path):
        raise UserError("a recording is no plain file: write the audio to files")
    return Path(path_or_fd)


def _name_of(transform: Any) -> str:
    """Return the name of a transform of lhotse's, made or as a manifest has it."""
    return str(transform["name"] if isinstance(transform, dict) else type(transform).__name__)
