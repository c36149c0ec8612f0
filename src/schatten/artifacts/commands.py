"""Acceptance of commands: how many were understood, by level of noise."""

from schatten.artifacts.base import Artifact


class AcceptedAtLevel(Artifact):
    """Commands at one level of noise."""

    level: str
    """Of the speech above the noise: `6 dB`, `below 10 dB`, `clean`."""
    commands: int
    right: int
    """Commands whose slots are all right, without one that was added."""
    exact: int
    """Commands that were heard as a sentence of the grammar, without an edit."""
    words: int
    """Words of the references; 0 without texts."""
    word_errors: int
    interval: tuple[float, float] | None = None
    """95 % interval of the share that is right, in percent; speakers are drawn."""


class Acceptance(Artifact):
    """Acceptance of commands by one model; `NAME.json` in `commands/`."""

    speech: str
    """What was heard: `synthetic speech of unheard voices`, `recordings`."""
    trained_on: bool
    """Whether recordings of these speakers were used in training."""
    speakers: int
    levels: list[AcceptedAtLevel]
    bytes: int | None = None
    """Size of the bundle."""
    noise_interval: tuple[float, float] | None = None
    """95 % interval of the share that is right at all levels of noise, in percent."""
    apart: "Acceptance | None" = None
    """The same for one split of the recordings alone."""
