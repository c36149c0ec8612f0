"""Checks that the pages of an Ogg file (Opus, Vorbis, FLAC) are all there (RFC 3533)."""

import zlib
from pathlib import Path

from schatten.audio.bytes_of import Bytes
from schatten.audio.faults import COPIED_FRAMES, Fault, Unreadable, rewritten

_HEADER = 27
_LARGEST = 65307
"""Bytes of a page, at most."""
_SUM = 22
"""Place of a page's checksum."""
_MIRRORED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_ALL = 0xFFFFFFFF
_FIRST, _LAST = 2, 4
"""Flags of the pages that begin and end a stream."""


def check_end(file: Bytes, path: Path) -> None:
    """Check the last page: whole, of the first page's stream, and flagged as its last.

    Errors: `Unreadable`.
    """
    tail = file.at(max(0, file.size - _LARGEST), _LARGEST)
    place = tail.rfind(b"OggS")
    while place >= 0 and not _is_header(tail, place):
        place = tail.rfind(b"OggS", 0, place)
    if place < 0:
        raise Unreadable(_cut("no page at its end", path))
    if place + _size(tail, place) > len(tail):
        raise Unreadable(_cut("its last page is not whole", path))
    if not tail[place + 5] & _LAST:
        raise Unreadable(_cut("no page ends the stream", path))
    if tail[place + 14 : place + 18] != file.at(14, 4):
        raise Unreadable(_several())


def check_pages(file: Bytes, path: Path) -> None:
    """Check every page: none is missing or changed, and there is one stream alone.

    libsndfile leaves a changed page out, and says nothing.

    Errors: `Unreadable`.
    """
    with file.whole() as data:
        place, number, ended = 0, -1, False
        while place + _HEADER <= len(data):
            if not _is_header(data[place : place + _HEADER], 0):
                following = data.find(b"OggS", place + 1)
                if following < 0 and ended:
                    return  # bytes behind the sound, e.g. a tag
                raise Unreadable(_damaged(place, path))
            if data[place + 5] & _FIRST and number >= 0:
                raise Unreadable(_several())
            following = int.from_bytes(data[place + 18 : place + 22], "little")
            if number >= 0 and following != number + 1:
                raise Unreadable(Fault(f"pages {number + 1} to {following - 1} are missing"))
            size = _size(data[place : place + _HEADER + 255], 0)
            if not _is_sound(data[place : place + size]):
                raise Unreadable(_damaged(place, path))
            number, ended = following, bool(data[place + 5] & _LAST)
            place += size


def _is_header(data: bytes, place: int) -> bool:
    return data[place : place + 5] == b"OggS\0" and len(data) >= place + _HEADER


def _size(data: bytes, place: int) -> int:
    segments = data[place + _HEADER - 1]
    return _HEADER + segments + sum(data[place + _HEADER : place + _HEADER + segments])


def _is_sound(page: bytes) -> bool:
    """Tell whether a page has the checksum that it names.

    It is a CRC-32 whose bits stand in the other order than zlib's, and which begins with 0. So the
    bits of each byte are put into the other order, and those of the sum back.
    """
    cleared = page[:_SUM] + bytes(4) + page[_SUM + 4 :]
    found = zlib.crc32(cleared.translate(_MIRRORED), _ALL) ^ _ALL
    return found.to_bytes(4, "big").translate(_MIRRORED) == page[_SUM : _SUM + 4]


def _cut(how: str, path: Path) -> Fault:
    fix = rewritten(path, COPIED_FRAMES)
    return Fault(f"cut short: {how}", f"copy it anew; if it was never longer, {fix}")


def _damaged(place: int, path: Path) -> Fault:
    return Fault(
        f"damaged at byte {place}: the page is not as written",
        f"copy it anew, or {rewritten(path)}",
    )


def _several() -> Fault:
    return Fault(
        "several streams, one behind the other or mixed", "write each to a file of its own"
    )
