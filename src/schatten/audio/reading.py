"""The one place that decodes recordings, with libsndfile.

A recording is used whole or not at all. What its container promises is compared with the file's
size, with what libsndfile makes of it, and with what can be decoded.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
import soundfile

from schatten.audio import chunks, flac, mpeg, ogg, sphere
from schatten.audio.bytes_of import Bytes
from schatten.audio.faults import (
    COPIED_FRAMES,
    COPY,
    MISSING,
    Fault,
    Unreadable,
    as_flac,
    cut_short,
    rewritten,
)
from schatten.audio.kinds import HEAD, container, not_sound
from schatten.errors import UserError

TOLERANCE = 0.025
"""Seconds by which decoding may fall short of a header; lhotse repairs as much."""
_BLOCK = 1 << 20
_DAMAGED = "cut short or damaged"
_REMEMBERED = 4096
"""Recordings whose headers are kept, so that segments of one do not check it again."""
_FRAMES_MORE, _FRAMES_LESS = 4, 2
"""MP3 frames by which libsndfile's length may differ: encoders add up to 3 frames of silence, which
it drops; a length that is computed from the file's size was up to 0.8 too long (Common Voice)."""

Result = TypeVar("Result")


@dataclass(frozen=True)
class Header:
    """Length, rate and channels of a recording."""

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


@dataclass(frozen=True)
class _Open:
    """An open recording."""

    file: Bytes
    sound: soundfile.SoundFile
    kind: str
    """Its container."""
    start: int
    """Where it begins, behind ID3 tags."""
    promised: int | None
    """Samples per channel that the container promises, where that is cheap to tell."""


def read_header(path: Path) -> Header | Fault:
    """Return a recording's length, rate and channels, or why it cannot be used."""
    try:
        with _opened(path) as one:
            return _checked(one, path)
    except Unreadable as error:
        return error.fault


def decode(path: Path) -> DecodedAudio | Fault:
    """Decode a recording to its end, or return why it cannot be used.

    MP3 frames and Ogg pages are counted, and FLAC's MD5 sum is computed.
    """
    try:
        with _opened(path) as one:
            return _decoded(one, _checked(one, path, thoroughly=True), path)
    except Unreadable as error:
        return error.fault


def read(
    path: Path,
    first: int = 0,
    count: int | None = None,
    dtype: Literal["float32", "int16"] = "float32",
) -> tuple[np.ndarray[Any, Any], int]:
    """Return samples (frames, channels) and the rate in Hz; float samples lie in [-1, 1].

    `count` samples from `first` on, by default all; fewer where the recording ends before.

    Errors: `UserError` for a recording that cannot be used, or that ends before its header says.
    """
    header = known_header(path)
    wanted = max(0, header.frames - first)
    wanted = wanted if count is None else min(wanted, count)
    try:
        with _opened(path) as one, _named(path, _DAMAGED):
            if first:
                one.sound.seek(min(first, header.frames))
            samples = one.sound.read(wanted, dtype=dtype, always_2d=True)
            if len(samples) < wanted - TOLERANCE * header.rate:
                raise Unreadable(
                    cut_short(first + len(samples), first + wanted, "samples can be decoded")
                )
            return samples, header.rate
    except Unreadable as error:
        raise _user_error(path, error.fault) from None


def known_header(path: Path) -> Header:
    """Return `read_header`; a file that did not change since is not looked at again.

    Errors: `UserError` for a recording that cannot be used.
    """
    try:
        status = path.stat()
    except OSError:
        found = read_header(path)
    else:
        found = _remembered(path, status.st_size, status.st_mtime_ns, status.st_ino)
    if isinstance(found, Fault):
        raise _user_error(path, found)
    return found


def form_of(path: Path) -> tuple[str, str]:
    """Return libsndfile's names of a recording's container and of the form of its samples.

    Errors: `UserError` for a recording that cannot be used.
    """
    known_header(path)
    try:
        with _opened(path) as one:
            return one.sound.format, one.sound.subtype
    except Unreadable as error:
        raise _user_error(path, error.fault) from None


def look_at(
    paths: Iterable[str], folder: Path, look: Callable[[Path], Result], jobs: int
) -> dict[str, Result]:
    """Check recordings, named relative to a folder, in `jobs` threads; sorted by name."""
    ordered = sorted(set(paths))
    with ThreadPoolExecutor(jobs) as pool:
        results = pool.map(lambda path: look(folder / path), ordered)
        return dict(zip(ordered, results, strict=True))


@lru_cache(_REMEMBERED)
def _remembered(path: Path, size: int, time: int, inode: int) -> Header | Fault:
    """Return the header of a file as it is now; the numbers tell it from one that replaces it."""
    del size, time, inode
    return read_header(path)


def _user_error(path: Path, fault: Fault) -> UserError:
    if fault is MISSING:
        return UserError(f"{path} does not exist: {fault.fix}")
    return UserError(f"{path} cannot be read {fault}")


@contextmanager
def _opened(path: Path) -> Iterator[_Open]:
    """Open a recording: its bytes, and libsndfile's reader of it.

    libsndfile gets a descriptor: given a name, it and soundfile guess the format by its ending.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except FileNotFoundError:
        raise Unreadable(_absent(path)) from None
    except OSError as error:
        raise Unreadable(Fault(error.strerror or "not to be opened")) from None
    try:
        if path.is_dir():
            raise Unreadable(Fault("a folder", "name the recording itself"))
        if not path.is_file():
            raise Unreadable(Fault("no file but a pipe or a device", "write it to a file"))
        file = Bytes(descriptor, os.fstat(descriptor).st_size)
        with _recognised(file, path) as one:
            yield one
    finally:
        os.close(descriptor)


def _absent(path: Path) -> Fault:
    if path.is_symlink():
        where = path.readlink()
        annexed = "; for git-annex, run `git annex get`" if "annex" in where.parts else ""
        return Fault(f"a link to {where}, which is not there", f"copy it there{annexed}")
    return MISSING


@contextmanager
def _recognised(file: Bytes, path: Path) -> Iterator[_Open]:
    head, start = file.at(0, HEAD), 0
    while (tag := head if start == 0 else file.at(start, 10))[:3] == b"ID3" and len(tag) >= 10:
        start += mpeg.after_id3(tag[:10])
    kind = container(file.at(start, HEAD) if start else head)
    if kind is None:
        raise Unreadable(not_sound(head, path))
    # Before libsndfile, which complains of the same less clearly.
    promised = _promised(file, kind, start, path)
    with _named(path, "a header that is not read"):
        sound = soundfile.SoundFile(file.descriptor, closefd=False)
    with sound:
        yield _Open(file, sound, kind, start, promised)


@contextmanager
def _named(path: Path, what: str) -> Iterator[None]:
    """Turn what libsndfile complains of into a fault."""
    try:
        yield
    except (soundfile.SoundFileError, OSError, ValueError, TypeError) as error:
        said = (str(error).partition(": ")[2] or str(error)).strip(" :.")
        reason = f"{what}; libsndfile says: {said}" if said else what
        raise Unreadable(Fault(reason, f"{COPY}; if it is whole, {as_flac(path)}")) from None


def _promised(file: Bytes, kind: str, start: int, path: Path) -> int | None:
    """Return the samples per channel that the container promises, where that is cheap to tell."""
    if kind == "mpeg":
        frame = mpeg.frame(file.at(start, 4))
        if frame and start + frame.size > file.size:
            raise Unreadable(Fault("cut short: it ends within its first MP3 frame"))
        return None
    if kind == "ogg":
        ogg.check_end(file, path)
        return None
    if kind == "sphere":
        return sphere.promised(file, path)
    if kind == "flac":
        return flac.read_info(file, start, path).samples
    return chunks.promised(file, kind, path)


def _checked(one: _Open, path: Path, *, thoroughly: bool = False) -> Header:
    """Compare libsndfile's header with what the container promises."""
    header = Header(one.sound.frames, one.sound.samplerate, one.sound.channels)
    slack = TOLERANCE * header.rate
    if one.kind == "mpeg":
        _check_frames(one, header, path, thoroughly=thoroughly)
    elif one.kind == "ogg" and thoroughly:
        ogg.check_pages(one.file, path)
    elif one.kind == "flac" and thoroughly:
        flac.check_single(one.file)
    if one.promised is not None and abs(one.promised - header.frames) > slack:
        text = f"libsndfile finds {header.frames} samples, and the file promises {one.promised}"
        raise Unreadable(Fault(text, rewritten(path)))
    return header


def _check_frames(one: _Open, header: Header, path: Path, *, thoroughly: bool) -> None:
    """Compare an MP3 file's length with the number of its frames.

    Where a header names its frames, and its bytes are those of the file, they are not counted
    unless `thoroughly`.
    """
    with one.file.whole() as data:
        stream = mpeg.walk(data, only_first=not thoroughly)
        is_exact = stream.promised and stream.promised_bytes
        rest = one.file.size - one.start - (stream.promised_bytes or 0)
        if not thoroughly and is_exact and 0 <= rest < HEAD:
            return
        stream = stream if thoroughly else mpeg.walk(data)
    if stream.first is None or not stream.frames:
        raise Unreadable(Fault("damaged: no MP3 frame in it"))
    if len(stream.forms) > 1:
        raise Unreadable(Fault("MP3 of several rates or numbers of channels", as_flac(path)))
    more = (stream.samples - header.frames) / stream.first.samples
    seconds = stream.samples / header.rate
    if stream.promised and (more < -_FRAMES_LESS or (is_exact and rest < 0)):
        raise Unreadable(cut_short(stream.frames, stream.promised, "MP3 frames"))
    if not -_FRAMES_LESS <= more <= _FRAMES_MORE:
        text = f"MP3 of {seconds:.2f} s, and its header lets libsndfile find {header.seconds:.2f} s"
        raise Unreadable(Fault(text, rewritten(path, COPIED_FRAMES)))


def _decoded(one: _Open, header: Header, path: Path) -> DecodedAudio:
    frames, silent, checksum = 0, True, None
    if one.kind == "flac":
        checksum = flac.Sum(flac.read_info(one.file, one.start, path))
    dtype = checksum.dtype if checksum else "float32"
    with _named(path, _DAMAGED):
        while frames < header.frames and len(block := one.sound.read(_BLOCK, dtype=dtype)):
            frames += len(block)
            silent = silent and not np.any(block)
            if checksum:
                checksum.add(block)
    if checksum and frames == header.frames:
        checksum.check()
    if frames < header.frames - TOLERANCE * header.rate:
        raise Unreadable(cut_short(frames, header.frames, "samples can be decoded"))
    return DecodedAudio(header, frames, silent)
