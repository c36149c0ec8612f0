"""What a FLAC file promises: its number of samples and their MD5 sum (RFC 9639)."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from schatten.audio.bytes_of import Bytes
from schatten.audio.faults import Fault, Unreadable, rewritten

_SECOND = re.compile(rb"fLaC[\x00\x80]\x00\x00\x22")
"""The head of a file: magic, and a STREAMINFO block of 34 bytes."""


@dataclass(frozen=True)
class StreamInfo:
    """The first block of a FLAC file."""

    samples: int
    """Per channel."""
    bits: int
    md5: bytes
    """Of all samples; zeros where the encoder did not compute it."""


def read_info(file: Bytes, start: int, path: Path) -> StreamInfo:
    """Return what a FLAC file promises that begins at `start`.

    Errors: `Unreadable` for one that does not say how long it is.
    """
    block = file.at(start + 8, 34)
    if len(block) < 34:
        raise Unreadable(Fault(f"cut short: {file.size} bytes, less than a header"))
    fields = int.from_bytes(block[10:18], "big")
    samples = fields & ((1 << 36) - 1)
    if not samples:
        raise Unreadable(
            Fault("FLAC of unknown length: it was written into a pipe", rewritten(path))
        )
    return StreamInfo(samples, (fields >> 36 & 31) + 1, block[18:34])


def check_single(file: Bytes) -> None:
    """Refuse a file that holds another FLAC file behind the first, which would not be read."""
    with file.whole() as data:
        starts = [found.start() for found in _SECOND.finditer(data)]
    if len(starts) > 1:
        raise Unreadable(
            Fault("two recordings, one behind the other", "write each to a file of its own")
        )


class Sum:
    """The MD5 sum of decoded samples, as FLAC defines it."""

    def __init__(self, info: StreamInfo) -> None:
        """Begin the sum; it is not computed where the file has none, or has odd sample sizes."""
        self._info = info
        self.is_computed = any(info.md5) and info.bits in (16, 24)
        self._sum = hashlib.md5(usedforsecurity=False)

    @property
    def dtype(self) -> str:
        """The type of samples that `add` takes."""
        return "int16" if self._info.bits == 16 else "int32"

    def add(self, samples: np.ndarray[Any, Any]) -> None:
        """Add samples (frames, channels); 24-bit samples stand in the upper bits of 32."""
        if not self.is_computed:
            return
        if self._info.bits == 16:
            self._sum.update(np.ascontiguousarray(samples, "<i2").data)
        else:
            whole = np.ascontiguousarray(samples, "<i4").view(np.uint8)
            self._sum.update(np.ascontiguousarray(whole.reshape(-1, 4)[:, 1:]).data)

    def check(self) -> None:
        """Refuse samples that are not those that were encoded.

        Errors: `Unreadable`.
        """
        if self.is_computed and self._sum.digest() != self._info.md5:
            raise Unreadable(
                Fault("damaged: its samples are not those of the MD5 sum in its header")
            )
