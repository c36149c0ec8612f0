"""Counts the samples of MP3 files frame by frame, because their headers may only guess.

The layout is that of ISO/IEC 11172-3 and 13818-3. libsndfile takes the length from a Xing or Info
header, and without one from the size of the first frame; it stops there, whatever follows.
"""

import re
from dataclasses import dataclass, field
from functools import cache
from mmap import mmap

_BITRATES = {
    (1, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
"""kbit/s by version (2 and 2.5 are alike) and layer; layers II and III of version 2 too."""
_RATES = (44100, 48000, 32000)
_TAGS = re.compile(rb"Xing|Info")
_SYNC = re.compile(rb"\xff[\xe2-\xff]")
_ID3V1 = 128


@dataclass(frozen=True)
class Frame:
    """What the header of a frame says."""

    size: int
    """Bytes."""
    samples: int
    """Per channel."""
    rate: int
    """Hz."""
    channels: int


@dataclass
class Stream:
    """What the frames of a file hold."""

    frames: int = 0
    """Without one that holds a Xing or Info header."""
    samples: int = 0
    """Per channel, without those of that header's frame."""
    promised: int | None = None
    """Frames, by the header."""
    promised_bytes: int | None = None
    """Bytes of all frames, by the header."""
    forms: set[tuple[int, int]] = field(default_factory=set)
    """Rates and numbers of channels."""
    first: Frame | None = None


@cache
def frame(header: bytes) -> Frame | None:
    """Return what the first four bytes of a frame say; None if they begin none."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return None
    version = {3: 1, 2: 2, 0: 3}.get(header[1] >> 3 & 3)
    layer = 4 - (header[1] >> 1 & 3)
    bits, rate = header[2] >> 4, header[2] >> 2 & 3
    if version is None or layer == 4 or bits in (0, 15) or rate == 3:
        return None
    kbits = _BITRATES[min(version, 2), layer if version == 1 else min(layer, 2)][bits - 1]
    hertz, padding = _RATES[rate] >> (version - 1), header[2] >> 1 & 1
    samples = 384 if layer == 1 else 576 if layer == 3 and version > 1 else 1152
    if layer == 1:
        size = (12 * kbits * 1000 // hertz + padding) * 4
    else:
        size = samples // 8 * kbits * 1000 // hertz + padding
    return Frame(size, samples, hertz, 1 if header[3] >> 6 == 3 else 2)


def after_id3(data: bytes | mmap, place: int = 0) -> int:
    """Return where an ID3v2 tag at `place` ends; `place` itself if there is none."""
    while data[place : place + 3] == b"ID3" and len(data) >= place + 10:
        size = 0
        for byte in data[place + 6 : place + 10]:
            size = size << 7 | byte & 0x7F
        place += 10 + size + (10 if data[place + 5] & 0x10 else 0)
    return place


def walk(data: bytes | mmap, *, only_first: bool = False) -> Stream:
    """Count the frames of an MP3 file; `only_first`: stop behind the header's frame."""
    stream, place = Stream(), after_id3(data)
    while True:
        found = frame(data[place : place + 4])
        if found is None:
            following = _skip(data, place, stream.first)
            if following is None:
                return stream
            place = following
            continue
        if stream.first is None:
            stream.first = found
            if _read_header(data[place : place + found.size], stream):
                place += found.size
                continue
        if only_first:
            return stream
        if place + found.size <= len(data):
            stream.frames += 1
            stream.samples += found.samples
            stream.forms.add((found.rate, found.channels))
        place += found.size


def _read_header(data: bytes, stream: Stream) -> bool:
    """Read a Xing or Info header from the first frame, if it is there."""
    tag = _TAGS.search(data, 4, 64)
    if tag is None:
        return False
    flags, place = int.from_bytes(data[tag.end() : tag.end() + 4], "big"), tag.end() + 4
    if flags & 1:
        stream.promised = int.from_bytes(data[place : place + 4], "big")
        place += 4
    if flags & 2:
        stream.promised_bytes = int.from_bytes(data[place : place + 4], "big")
    return True


def _skip(data: bytes | mmap, place: int, first: Frame | None) -> int | None:
    """Return where frames go on behind a tag or behind bytes that are none; None at the end."""
    if data[place : place + 3] == b"ID3":
        return after_id3(data, place)
    if data[place : place + 3] == b"TAG":
        return place + _ID3V1
    if data[place : place + 8] == b"APETAGEX":
        size = int.from_bytes(data[place + 12 : place + 16], "little")
        return place + 32 + size
    for sync in _SYNC.finditer(data, place):
        found = frame(data[sync.start() : sync.start() + 4])
        if found and (first is None or found.rate == first.rate):
            after = sync.start() + found.size
            if after == len(data) or frame(data[after : after + 4]):
                return sync.start()
    return None
