"""Prepares what distorted recordings are made with: impulse responses and recordings of noise."""

from pathlib import Path

import numpy as np

from schatten.audio.reading import known_header
from schatten.corpus.style.folders import noise_recordings
from schatten.corpus.style.rooms import rooms
from schatten.recipe.styles import Noise, Reverberation
from schatten.runtime.files import atomic_output


def prepared(
    noise: Noise, reverberation: Reverberation, seed: int, side: str, work: Path
) -> dict[str, object]:
    """Return `recordings` and `rooms` of `Sources` for a side, `train` or `held_out`.

    Impulse responses are written to the folder `work`, unless they are there.

    Errors: `UserError` for a bad folder, and for a recording in it that cannot be read.
    """
    found: dict[str, object] = {}
    if noise.directory is not None:
        paths = noise_recordings(noise, side)
        for path in paths:
            known_header(path)
        found["recordings"] = [str(path) for path in paths]
    if reverberation.share:
        path = work / f"rooms-{side}.npz"
        if not path.is_file():
            with atomic_output(path) as beside:
                np.savez(beside, *rooms(reverberation, seed, side))
        found["rooms"] = str(path)
    return found
