"""Sound in which nobody speaks to a recogniser: noises in rooms, and babble of many speakers.

Both are made anew from a seed, as lists of recordings; nothing of them is stored.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from schatten.audio.reading import read
from schatten.corpus.tsv import Places, read_rows
from schatten.decode.sound import SAMPLE_RATE, write_samples
from schatten.errors import UserError

LEVELS = (-20.0, -32.0, -44.0)
"""Levels of the sound as it is heard, in decibels of full scale: near, usual and far."""
ROOMS = 6
"""Rooms of each noise, besides the recording itself."""
TALKERS = 12
"""Speakers of babble at a time: too many for any of them to be understood."""
PIECE_SECONDS = 60.0
_PLACES = Places({"path": ("path",), "type": ("type",)}, optional=(), filled=("path", "type"))
_PAUSE_SECONDS = (0.1, 1.0)
_HALF_SPREAD = 6.0
"""Decibels by which a speaker of babble is at most louder or softer than the others."""


@dataclass(frozen=True)
class Unspoken:
    """A recording without speech for the recogniser."""

    name: str
    seconds: float
    make: Callable[[], np.ndarray]
    """Return its samples in [-1, 1]."""

    def write_wav(self, path: Path) -> None:
        """Write it as the engine reads it."""
        write_samples(self.make(), path)


def noises(folder: Path, levels: Sequence[float] = LEVELS, rooms: int = ROOMS) -> list[Unspoken]:
    """Return each noise of a collection at each level, as it is and in some of its rooms.

    The folder has `manifest.tsv`: `path`, and `type`, which is noise or rir (the response of a
    room). Rooms are taken evenly from the table. Errors: `UserError` if the table is missing or
    names no noise.
    """
    rows = read_rows(folder / "manifest.tsv", _PLACES)
    sounds = [row["path"] for row in rows if row["type"] == "noise"]
    responses = [row["path"] for row in rows if row["type"] == "rir"]
    if not sounds:
        raise UserError(f"{folder}/manifest.tsv names no noise: give a folder with noises")
    every = max(1, len(responses) // max(1, rooms))
    chosen: list[str | None] = [None, *responses[::every][:rooms]]
    return [
        _noise(folder, path, room, level) for path in sounds for room in chosen for level in levels
    ]


def first(sounds: Sequence[Unspoken], hours: float) -> Iterator[Unspoken]:
    """Yield sounds, spread over a list, until there are so many hours."""
    total = sum(one.seconds for one in sounds)
    every = max(1, round(total / (3600 * hours)))
    return islice(sounds, 0, None, every)


def _noise(folder: Path, path: str, room: str | None, level: float) -> Unspoken:
    def make() -> np.ndarray:
        sound = _mono(folder / path)
        if room is not None:
            from scipy.signal import fftconvolve

            sound = fftconvolve(sound, _mono(folder / room))[: len(sound)]
        return at_level(sound, level)

    where = "dry" if room is None else Path(room).stem
    seconds = len(_mono(folder / path)) / SAMPLE_RATE
    return Unspoken(f"{Path(path).stem} {where} {level:g} dB", seconds, make)


def babble(
    voices: Sequence[Callable[[], np.ndarray]],
    seconds: float,
    seed: int,
    levels: Sequence[float] = LEVELS,
) -> Iterator[Unspoken]:
    """Yield pieces of babble: `TALKERS` rows of utterances, drawn from `voices`, added up."""
    pieces = int(np.ceil(seconds / PIECE_SECONDS))
    for number in range(pieces):
        level = levels[number % len(levels)]

        def make(number: int = number, level: float = level) -> np.ndarray:
            random = np.random.default_rng((seed, number))
            length = round(PIECE_SECONDS * SAMPLE_RATE)
            rows = [_row(voices, length, random) for _ in range(TALKERS)]
            return at_level(np.sum(rows, axis=0), level)

        yield Unspoken(f"babble {number} {level:g} dB", PIECE_SECONDS, make)


def _row(
    voices: Sequence[Callable[[], np.ndarray]], length: int, random: np.random.Generator
) -> np.ndarray:
    """Return one speaker after another, from within an utterance on."""
    row = np.zeros(length)
    at = -int(random.integers(2 * SAMPLE_RATE))
    while at < length:
        voice = voices[int(random.integers(len(voices)))]()
        voice = voice * 10 ** (random.uniform(-_HALF_SPREAD, _HALF_SPREAD) / 20)
        part = voice[max(0, -at) : length - at]
        row[max(0, at) : max(0, at) + len(part)] += part
        at += len(voice) + round(random.uniform(*_PAUSE_SECONDS) * SAMPLE_RATE)
    return row


def at_level(samples: np.ndarray, level: float) -> np.ndarray:
    """Return samples with a root mean square of `level` decibels of full scale."""
    power = float(np.mean(np.square(samples)))
    return samples * (10 ** (level / 20) / np.sqrt(max(power, 1e-20)))


def _mono(path: Path) -> np.ndarray:
    samples, rate = read(path)
    if rate != SAMPLE_RATE:
        raise UserError(f"{path} has {rate} samples a second: convert it to {SAMPLE_RATE}")
    return samples.mean(axis=1)
