"""The bytes of an open recording, read from any place without moving the file's position."""

import mmap
import os
from dataclasses import dataclass


@dataclass(frozen=True)
class Bytes:
    """An open file."""

    descriptor: int
    size: int
    """Bytes."""

    def at(self, place: int, count: int) -> bytes:
        """Return the bytes from a place on; fewer at the end of the file."""
        return os.pread(self.descriptor, count, place)

    def whole(self) -> mmap.mmap:
        """Return all bytes, mapped; the file must not be empty."""
        return mmap.mmap(self.descriptor, 0, access=mmap.ACCESS_READ)
