"""Checks recordings: their headers, and whether all samples are there. lhotse loads them."""

import re
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
import soundfile

from schatten.corpus.sphere import read_fields

MISSING = "missing"
_BLOCK = 1 << 20
_STREAMED = 0x7FFF0000
_DATA_SIZE = re.compile(r"^data : (\d+) \(should be (\d+)\)", re.MULTILINE)

Result = TypeVar("Result")


@dataclass(frozen=True)
class Header:
    """Length, rate and channels of a recording, from its header."""

    frames: int
    """Samples per channel."""
    rate: int
    """Hz."""
    channels: int
    """1 for mono."""

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return self.frames / self.rate


@dataclass(frozen=True)
class DecodedAudio:
    """The result of decoding a recording to its end."""

    header: Header
    frames: int
    """Samples per channel that could be decoded."""
    silent: bool
    """Whether every sample is zero."""


def read_header(path: Path) -> Header | str:
    """Read a recording's header, or return a text that says why it cannot be used."""
    if not path.is_file():
        return MISSING
    try:
        info = soundfile.info(path, verbose=True)
    except (soundfile.SoundFileError, OSError) as error:
        return _reason(error, path)
    claimed = _DATA_SIZE.search(info.extra_info)
    if claimed and int(claimed[2]) < int(claimed[1]) < _STREAMED:
        return f"cut short: {claimed[2]} of {claimed[1]} bytes"
    samples = read_fields(path).get("sample_count")
    if samples is not None and info.frames < int(samples):
        return f"cut short: {info.frames} of {samples} samples"
    return Header(info.frames, info.samplerate, info.channels)


def decode(path: Path) -> DecodedAudio | str:
    """Decode a recording to its end, or return a text that says why it cannot be used."""
    header = read_header(path)
    if isinstance(header, str):
        return header
    frames, silent = 0, True
    try:
        with soundfile.SoundFile(path) as file:
            while len(block := file.read(_BLOCK, dtype="float32")):
                frames += len(block)
                silent = silent and not np.any(block)
    except (soundfile.SoundFileError, OSError) as error:
        return _reason(error, path)
    return DecodedAudio(header, frames, silent)


def look_at(
    paths: Iterable[str], folder: Path, look: Callable[[Path], Result], jobs: int
) -> dict[str, Result]:
    """Check recordings, named relative to a folder, in `jobs` threads; sorted by name."""
    ordered = sorted(set(paths))
    with ThreadPoolExecutor(jobs) as pool:
        results = pool.map(lambda path: look(folder / path), ordered)
        return dict(zip(ordered, results, strict=True))


def _reason(error: Exception, path: Path) -> str:
    reason = str(error).replace(repr(str(path)), "").replace("Error opening :", "")
    return reason.strip(" :.") or "damaged"
