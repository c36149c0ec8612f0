"""Sound for the page: the worst utterances and a sample of the others, as Opus in Ogg."""

import io
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile

from schatten.decode.sound import SAMPLE_RATE, read_sounds
from schatten.report.page.heard import Heard

SECONDS = 300.0
"""Sound in a page, all splits together. Encoding takes a CPU second for 44 seconds of sound."""
_WORST = 0.8
"""Share of it for the utterances with the most errors."""
_LEVEL = 0.928
"""libsndfile's compression level: 24 kbit/s for one channel, as it maps 0 to 1 to 256 to 6 kbit/s.
"""


@dataclass(frozen=True)
class Sounds:
    """Sound of some utterances of a split."""

    by_place: dict[int, str]
    """Base64 of Opus in Ogg, by place in the split."""
    note: str
    """What has sound, and what was left out."""


def sounds(heard: Heard, cuts: Path, audio: Path, seconds: float) -> Sounds:
    """Encode at most about `seconds` of a split: the worst utterances first, then a sample.

    `audio`: folder of the recordings of `cuts`. Errors: `UserError` for a recording that cannot be
    read.
    """
    chosen = choose(heard, seconds)
    there = {sound.utterance.id: sound for sound in read_sounds(cuts, audio)}
    found = {place: _opus(there[heard.utterances[place].id].samples()) for place in chosen}
    return Sounds(found, _note(heard, chosen))


def choose(heard: Heard, seconds: float) -> list[int]:
    """Return the places of the utterances that get sound, sorted."""
    errors = [heard.errors_of(place) for place in range(len(heard.utterances))]
    ranked = sorted(range(len(errors)), key=lambda place: (-errors[place], place))
    worst = list(_fitting(heard, [place for place in ranked if errors[place]], _WORST * seconds))
    rest = [place for place in range(len(errors)) if place not in set(worst)]
    left = seconds - sum(heard.utterances[place].seconds for place in worst)
    whole = sum(heard.utterances[place].seconds for place in rest)
    every = max(1, round(whole / left)) if left > 0 else len(rest) + 1
    return sorted([*worst, *_fitting(heard, rest[every // 2 :: every], left)])


def _fitting(heard: Heard, places: Sequence[int], seconds: float) -> Iterator[int]:
    """Yield places for as long as their sound is not longer than `seconds` together."""
    for place in places:
        seconds -= heard.utterances[place].seconds
        if seconds < 0:
            return
        yield place


def _note(heard: Heard, chosen: Sequence[int]) -> str:
    whole = len(heard.utterances)
    if len(chosen) == whole:
        return f"All {whole} utterances of {heard.split} have sound."
    wrong = {place for place in range(whole) if heard.errors_of(place)}
    return (
        f"{len(chosen)} of {whole} utterances of {heard.split} have sound: "
        f"{len(wrong & set(chosen))} of the {len(wrong)} with errors, the worst first, and a "
        "sample of the others. The rest was left out to keep the page small."
    )


def _opus(samples: np.ndarray) -> str:
    packed = io.BytesIO()
    kind = {"format": "OGG", "subtype": "OPUS", "compression_level": _LEVEL}
    with soundfile.SoundFile(packed, "w", SAMPLE_RATE, 1, **kind) as file:
        file.write(samples)
    return b64encode(packed.getvalue()).decode()
