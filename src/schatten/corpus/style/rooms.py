"""Impulse responses: of rooms drawn at random (image sources), or from a folder."""

import numpy as np

from schatten.corpus.style.distortion import Signal, read_recording
from schatten.corpus.style.draws import random_of, within
from schatten.corpus.style.folders import recordings
from schatten.corpus.utterance import SAMPLING_RATE
from schatten.recipe.styles import Range, Reverberation

_FIFTH = 5
"""Held-out rooms are a fifth as many as those of training."""
_SIZES = (Range(low=3.0, high=7.0), Range(low=3.0, high=6.0), Range(low=2.4, high=3.2))
"""Length, width and height in m."""
_WALL = 0.4
"""Metres between a wall and mouth or microphone, at least."""
_ORDER = 30
"""Reflections followed, at most."""


def rooms(settings: Reverberation, seed: int, side: str) -> list[Signal]:
    """Return the impulse responses (16 kHz) of a side, `train` or `held_out`.

    Errors: `UserError` for an empty folder or a bad file in it.
    """
    if settings.directory is not None:
        return [read_recording(path) for path in recordings(settings.directory, side)]
    count = settings.rooms if side == "train" else -(-settings.rooms // _FIFTH)
    return [_draw_room(settings, seed, f"{side}-{index}") for index in range(count)]


def _draw_room(settings: Reverberation, seed: int, name: str) -> Signal:
    """Draw a box-shaped room, a place for the mouth and one for the microphone."""
    import pyroomacoustics

    random = random_of(seed, "room", name)
    size = np.array([within(interval, random) for interval in _SIZES])
    time = max(within(settings.reverberation_time, random), _shortest(size))
    absorption, order = pyroomacoustics.inverse_sabine(time, size)
    pyroomacoustics.constants.set("num_threads", 1)
    room = pyroomacoustics.ShoeBox(
        size,
        fs=SAMPLING_RATE,
        materials=pyroomacoustics.Material(absorption),
        max_order=min(order, _ORDER),
    )
    mouth = [random.uniform(_WALL, length - _WALL) for length in size]
    room.add_source(mouth)
    room.add_microphone(_near(np.array(mouth), size, settings.distance, name, seed))
    room.compute_rir()
    return np.asarray(room.rir[0][0], dtype=np.float32)


def _shortest(size: np.ndarray) -> float:
    """Return the reverberation time (s) of walls that absorb nearly all sound (Sabine)."""
    length, width, height = size
    surface = 2 * (length * width + length * height + width * height)
    return float(0.17 * size.prod() / surface)


def _near(mouth: np.ndarray, size: np.ndarray, distance: Range, name: str, seed: int) -> np.ndarray:
    """Draw a place in the room at a distance from the mouth, in a random direction."""
    random = random_of(seed, "microphone", name)
    while True:
        direction = np.array([random.gauss(0, 1) for _ in range(3)])
        place = mouth + direction / np.linalg.norm(direction) * within(distance, random)
        if np.all(place > _WALL / 2) and np.all(place < size - _WALL / 2):
            return place
