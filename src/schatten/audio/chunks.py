"""What the chunks of WAV, RF64, W64, AIFF, AU and CAF files promise, against the file's size.

Every length of sound that is written in them is compared with the bytes that are there. A length
that was never filled in (a stream into a pipe) is no promise: then the file's end is the sound's.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from schatten.audio.bytes_of import Bytes
from schatten.audio.faults import COPY, Fault, Unreadable, cut_short, rewritten

_STREAMED = 0x7FFF0000
"""Sizes from here to 4 GiB stand for "unknown": sox writes 0x7FFFF000, others 0xFFFFFFFF."""
_LONGEST = 1 << 32
_SLACK = 0.025
"""Seconds of bytes behind the sound that are no chunk, and yet are not taken for sound."""
_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_CODINGS = {_PCM: (1, 2, 3, 4), _FLOAT: (4, 8), 6: (1,), 7: (1,)}
"""Bytes of a sample by WAV format: PCM, IEEE float, A-law, mu-law."""
_GUID = bytes.fromhex("00001000800000aa00389b71")
"""The end of every sub-format of WAVE_FORMAT_EXTENSIBLE that is a WAV format."""


@dataclass(frozen=True)
class _Chunk:
    name: bytes
    start: int
    """Of its content."""
    size: int
    """As written."""


@dataclass(frozen=True)
class _Sound:
    """Where a file's sound lies, and how it is coded."""

    start: int
    size: int | None
    """As written; None where it says that it is unknown."""
    frame: int | None
    """Bytes of a sample of all channels; None where the coding has no such number."""
    slack: int
    """Bytes of 25 ms."""
    has_chunks: bool = True
    """Whether other chunks may follow."""
    name: bytes = b"data"


def promised(file: Bytes, kind: str, path: Path) -> int | None:
    """Return the samples per channel that a file must hold; None if its coding does not tell.

    Errors: `Unreadable` for a file that is cut short, or holds more than it says.
    """
    finders = {"wav": _wav, "w64": _w64, "aiff": _aiff, "au": _au, "caf": _caf}
    sound = finders[kind](file, path)
    there = max(0, file.size - sound.start)
    if sound.size is None:
        used = there
    elif sound.size > there:
        raise Unreadable(cut_short(there, sound.size, "bytes"))
    else:
        used = sound.size
        _check_rest(file, kind, sound, path)
    return None if sound.frame is None else used // sound.frame


def _check_rest(file: Bytes, kind: str, sound: _Sound, path: Path) -> None:
    """Refuse sound behind the end that the header says."""
    assert sound.size is not None
    place = sound.start + sound.size
    if kind in ("wav", "aiff"):
        place += place % 2
    while file.size - place > sound.slack:
        chunk = next(_chunks(file, kind, place), None) if sound.has_chunks else None
        is_whole = chunk and chunk.name.isascii() and chunk.start + chunk.size <= file.size
        if chunk and chunk.name in (b"RIFF", b"RIFX", b"RF64", b"FORM", b"riff", b"caff"):
            raise Unreadable(
                Fault("two recordings, one behind the other", "write each to a file of its own")
            )
        if chunk and chunk.name == sound.name:
            raise Unreadable(Fault(f"{sound.name.decode()!r} twice", rewritten(path)))
        if not chunk or not is_whole or not chunk.name.decode("ascii").isprintable():
            rest = file.size - place
            text = f"the header says {sound.size} bytes of sound, and {rest} more follow"
            by_sox = rewritten(path, "sox --ignore-length {old} {new}")
            raise Unreadable(Fault(text, by_sox if kind == "wav" else rewritten(path)))
        place = chunk.start + _padded(chunk.size, kind)


def _chunks(file: Bytes, kind: str, place: int) -> Iterator[_Chunk]:
    """Yield the chunks from a place on."""
    is_big = kind == "aiff" or file.at(0, 4) == b"RIFX"
    while place < file.size:
        if kind == "w64":
            head = file.at(place, 24)
            chunk = _Chunk(head[:4], place + 24, int.from_bytes(head[16:24], "little") - 24)
        elif kind == "caf":
            head = file.at(place, 12)
            chunk = _Chunk(head[:4], place + 12, int.from_bytes(head[4:12], "big", signed=True))
        else:
            head = file.at(place, 8)
            size = int.from_bytes(head[4:8], "big" if is_big else "little")
            chunk = _Chunk(head[:4], place + 8, size)
        if len(head) < 8 or chunk.size < -1:
            return
        yield chunk
        place = chunk.start + _padded(chunk.size, kind)


def _padded(size: int, kind: str) -> int:
    step = {"w64": 8, "caf": 1}.get(kind, 2)
    return max(0, -(-size // step) * step)


def _found(file: Bytes, path: Path, kind: str, place: int, *names: bytes) -> dict[bytes, _Chunk]:
    """Return the chunks up to the last of `names`, which must be there."""
    found: dict[bytes, _Chunk] = {}
    for chunk in _chunks(file, kind, place):
        found.setdefault(chunk.name, chunk)
        if all(name in found for name in names):
            return found
    lacking = next(name for name in names if name not in found)
    text = f"cut short or damaged: no {lacking.decode().strip()!r} chunk"
    raise Unreadable(Fault(text, f"{COPY}; if it is whole, {rewritten(path)}"))


def _wav(file: Bytes, path: Path) -> _Sound:
    found = _found(file, path, "wav", 12, b"fmt ", b"data")
    form, data = found[b"fmt "], found[b"data"]
    order = ">" if file.at(0, 4) == b"RIFX" else "<"
    head = file.at(form.start, 40)
    tag, channels, rate, align, bits = struct.unpack(order + "HHI4xHH", head[:16].ljust(16, b"\0"))
    if tag == _EXTENSIBLE and form.size >= 40:
        [tag] = struct.unpack(order + "H", head[24:26])
        if head[28:40] != _GUID:
            raise Unreadable(Fault("WAV of an unknown sub-format", rewritten(path)))
    width, rest = divmod(align, max(1, channels))
    if tag in _CODINGS and (rest or width not in _CODINGS[tag] or not 0 <= 8 * width - bits < 16):
        text = f"a header that cannot be: WAV format {tag} of {bits} bits, {align} bytes a sample"
        raise Unreadable(Fault(text, f"{COPY}, or write it as 16-bit PCM"))
    if tag == _FLOAT and bits != 8 * width:
        raise Unreadable(Fault(f"floating-point samples of {bits} bits", COPY))
    size: int | None = data.size
    if b"ds64" in found and data.size == _LONGEST - 1:
        size = int.from_bytes(file.at(found[b"ds64"].start + 8, 8), "little")
    elif data.size >= _STREAMED and data.start + data.size > file.size:
        size = None
    frame = align if tag in _CODINGS else None
    return _Sound(data.start, size, frame, round(_SLACK * rate * (frame or 1)))


def _w64(file: Bytes, path: Path) -> _Sound:
    found = _found(file, path, "w64", 40, b"fmt ", b"data")
    head, data = file.at(found[b"fmt "].start, 16), found[b"data"]
    tag, align = (int.from_bytes(head[place : place + 2], "little") for place in (0, 12))
    rate = int.from_bytes(head[4:8], "little")
    frame = align if tag in (*_CODINGS, _EXTENSIBLE) else None
    return _Sound(data.start, data.size, frame, round(_SLACK * rate * (frame or 1)))


def _aiff(file: Bytes, path: Path) -> _Sound:
    found = _found(file, path, "aiff", 12, b"COMM", b"SSND")
    common, sound = found[b"COMM"], found[b"SSND"]
    head = file.at(common.start, 22)
    channels, frames, bits = (
        int.from_bytes(head[first:last], "big") for first, last in ((0, 2), (2, 6), (6, 8))
    )
    plain = file.at(8, 4) == b"AIFF" or head[18:22] in (b"NONE", b"sowt", b"twos")
    frame = channels * -(-bits // 8) if plain else None
    offset = int.from_bytes(file.at(sound.start, 4), "big")
    start = sound.start + 8 + offset
    size = sound.size - 8 - offset
    if frame and sound.start + sound.size <= file.size and frames * frame > size:
        raise Unreadable(cut_short(size // frame, frames, "samples"))
    if frame and (frames + 1) * frame < size:
        text = f"the header says {frames} samples, and the file holds {size // frame}"
        raise Unreadable(Fault(text, rewritten(path)))
    return _Sound(start, size, frame, 1 << 10, name=b"SSND")


def _au(file: Bytes, _: Path) -> _Sound:
    start, size, coding, rate, channels = (
        int.from_bytes(file.at(place, 4), "big") for place in (4, 8, 12, 16, 20)
    )
    width = {1: 1, 27: 1, 2: 1, 3: 2, 4: 3, 5: 4, 6: 4, 7: 8}.get(coding)
    frame = width * channels if width else None
    known = None if size == _LONGEST - 1 else size
    return _Sound(start, known, frame, round(_SLACK * rate * (frame or 1)), has_chunks=False)


def _caf(file: Bytes, path: Path) -> _Sound:
    data = _found(file, path, "caf", 8, b"desc", b"data")[b"data"]
    size = None if data.size == -1 else data.size - 4
    return _Sound(data.start + 4, size, None, 1 << 10)
