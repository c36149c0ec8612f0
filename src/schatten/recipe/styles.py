"""The recipe's settings of noise, rooms and vocal tracts, for synthetic and for recorded speech."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from schatten.recipe.base import Positive, Settings

Probability = Annotated[float, Field(ge=0, le=1)]
NoiseKind = Literal["white", "pink", "brown", "hum", "babble", "recording"]


class Range(Settings):
    """An interval from which values are drawn uniformly."""

    low: float
    """Lowest value."""
    high: float
    """Highest value."""

    @model_validator(mode="after")
    def _ordered(self) -> "Range":
        if self.low > self.high:
            raise ValueError(f"low {self.low:g} is above high {self.high:g}")
        return self


def _human(factor: Range) -> Range:
    if factor.low < 0.7 or factor.high > 1.4:
        raise ValueError("vocal_tract is a factor from 0.7 to 1.4")
    return factor


VocalTract = Annotated[Range, AfterValidator(_human)]
"""Range of factors on the formants and the pitch of a voice."""


class Noise(Settings):
    """Additive noise."""

    share: Probability = 0.7
    """Share of the utterances that get noise."""
    snr: Range = Range(low=5.0, high=30.0)
    """Signal-to-noise ratio in dB: the level of the active speech above the noise."""
    kinds: tuple[NoiseKind, ...] = Field(
        default=("white", "pink", "brown", "hum", "babble"), min_length=1
    )
    """Kinds of noise, all equally likely. Babble is mixed from training voices."""
    directory: str | None = None
    """Folder of noise recordings, for the kind `recording`. If it has five files or more, every
    fifth is kept for dev and test."""

    leave_out: tuple[str, ...] = Field(default=(), exclude_if=lambda names: not names)
    """Names of files in the folder that are not used: noise that is kept for tests."""

    @model_validator(mode="after")
    def _recordings_have_a_folder(self) -> "Noise":
        if ("recording" in self.kinds) != (self.directory is not None):
            raise ValueError("kind `recording` and `directory` need each other: give both or none")
        if self.leave_out and self.directory is None:
            raise ValueError("leave_out names files of a `directory`: give it, or remove leave_out")
        return self


class Reverberation(Settings):
    """Convolution with the impulse response of a room."""

    share: Probability = 0.5
    """Share of the utterances that get reverberation."""
    rooms: Positive = 100
    """Number of simulated rooms for training. Dev and test have rooms of their own, a fifth as
    many."""
    reverberation_time: Range = Range(low=0.15, high=0.6)
    """Reverberation time (T60) of the simulated rooms in s, at least 0.15."""
    distance: Range = Range(low=0.3, high=2.0)
    """Distance from mouth to microphone in m, at most 2.5."""
    directory: str | None = None
    """Folder of impulse responses, which replace the simulated rooms. If it has five files or more,
    every fifth is kept for dev and test."""

    @model_validator(mode="after")
    def _rooms_are_possible(self) -> "Reverberation":
        if self.reverberation_time.low < 0.15:
            raise ValueError("reverberation_time.low is in s, 0.15 or more")
        if self.distance.low < 0.1 or self.distance.high > 2.5:
            raise ValueError("distance is in m, from 0.1 to 2.5")
        return self


class MultiStyle(Settings):
    """Distorted copies of the training recordings. Dev, test and further splits have none."""

    copies: Positive = 2
    """Number of copies of each training utterance. Each copy has its own vocal tract factor, room
    and noise."""
    clean: bool = True
    """Whether to train on the recordings themselves too."""
    seed: int = 1
    """Seed of all random draws."""
    noise: Noise = Noise()
    """Additive noise. Babble is mixed from training recordings. A fifth of the files in a folder is
    not used, because dev and test of other corpora may use it."""
    reverberation: Reverberation = Reverberation()
    """Reverberation of rooms."""
    vocal_tract: VocalTract = Range(low=1.0, high=1.0)
    """Factor on formants and pitch, from 0.7 to 1.4. Above 1 it sounds like a shorter vocal tract,
    below 1 like a longer one. The speaking rate does not change."""
    level: Range | None = None
    """Level (RMS) of the active speech in dB of full scale; by default that of the recording."""

    @model_validator(mode="after")
    def _copies_differ(self) -> "MultiStyle":
        same_voice = self.vocal_tract.low == self.vocal_tract.high == 1.0
        if not (self.noise.share or self.reverberation.share) and same_voice and not self.level:
            raise ValueError(
                "every copy would be the recording itself: give noise or reverberation a share, "
                "vocal_tract a range, or remove multi_style"
            )
        return self
