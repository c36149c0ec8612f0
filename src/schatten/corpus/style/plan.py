"""What is drawn for a distorted recording: all but its samples. A plan is data."""

from random import Random

from pydantic import BaseModel

from schatten.corpus.style.draws import within
from schatten.recipe.styles import Noise, Reverberation


class AddedNoise(BaseModel):
    """Noise of a recording."""

    kind: str
    """One of the recipe's kinds."""
    snr: float
    """Active speech over noise, in dB."""


class Distortion(BaseModel):
    """How a recording is distorted."""

    level: float | None
    """RMS of the speech while it sounds, in dB of full scale; None: as it was."""
    noise: AddedNoise | None
    """None for no noise except the microphone's."""
    room: float | None
    """The room, as a position in 0 .. 1 of their list; None for no room."""
    noise_seed: int
    """Seed of the noise's samples."""


def draw_noise(settings: Noise, random: Random) -> AddedNoise:
    """Draw a kind of noise and its level."""
    return AddedNoise(kind=random.choice(settings.kinds), snr=within(settings.snr, random))


def draw_shares(noise: Noise, reverberation: Reverberation, random: Random) -> tuple[bool, bool]:
    """Draw whether a recording has noise, and a room."""
    return random.random() < noise.share, random.random() < reverberation.share
