"""An utterance as a source lists it, before cuts are made, and the sampling rate of cuts."""

from dataclasses import dataclass

SAMPLING_RATE = 16000
"""Hz, of every cut."""


@dataclass(frozen=True)
class Utterance:
    """An utterance: what was said, by whom, and in which recording."""

    id: str
    """Unique in the corpus, without white space."""
    split: str
    """The recipe's name of the split."""
    speaker: str
    """The speaker's name; the utterance's own id where speakers are not known."""
    text: str
    """The transcript, as the corpus has it."""
    audio: str
    """The recording's path, relative to the folder that audio is taken from."""
    start: float = 0.0
    """Seconds from the start of the recording."""
    end: float | None = None
    """Seconds from the start of the recording; its end by default."""
    recording: str | None = None
    """The recording's id where several utterances share one; the utterance's by default."""
    seconds: float | None = None
    """The recording's length as the corpus gives it, to notice files cut short."""
    copy_of: str | None = None
    """The utterance's id of which this is a distorted copy, with the same words."""
    details: tuple[tuple[str, str], ...] = ()
    """What the corpus says of it beside all this: names and values."""
    recorded_rate: int | None = None
    """Hz of the recording that it is a copy of."""

    @property
    def said(self) -> str:
        """The id of the utterance itself, also of a copy."""
        return self.copy_of or self.id
