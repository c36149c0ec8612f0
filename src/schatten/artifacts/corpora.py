"""Corpora: what the validator counted, and what the sources of text and features leave."""

from schatten.artifacts.base import Artifact


class TextCounts(Artifact):
    """Lines of a text file that are used or left out; `text/summary.json` has one for each file."""

    lines: int
    """Lines that are used."""
    left_out: int
    """Lines with characters outside the alphabet."""
    words: int | None = None
    """Words of the lines that are used."""


class TextNotes(Artifact):
    """What was dropped from text, or looked odd; `text/notes.json` where there is anything.

    Each line says what, with how often it occurs.
    """

    transcripts: dict[str, int]
    text_files: dict[str, int]
    """In the text for language models beyond the transcripts."""


class SpeechCopies(Artifact):
    """Distorted copies of a split's recordings, as the recipe's `multi_style` asks for."""

    utterances: int
    hours: float


class SplitSize(Artifact):
    """Size of a split, counted by the validator; distorted copies of an utterance count apart."""

    utterances: int
    words: int
    hours: float
    speakers: int
    utterances_by_rate_hz: dict[str, int] | None = None
    """Utterances by the sampling rate of their recordings."""
    copies: SpeechCopies | None = None
    """Missing where there are none."""


class TooLong(Artifact):
    """Utterances that have more labels than output frames, at a stride."""

    utterances: int
    first: list[str]
    """Ids of the first ones."""


class TooLongByStride(Artifact):
    """Utterances that are too long for CTC in a set of units; `too_long.json` in its folder."""

    by_stride: dict[str, dict[str, TooLong]]
    """By stride in feature frames, then by split."""


class Validation(Artifact):
    """The validator's report; `validation.json` of a corpus."""

    splits: dict[str, SplitSize]
    corpora: dict[str, dict[str, SplitSize]] | None = None
    """Sizes of the corpora that are joined, by name, then by split; other reports have no such
    field."""
    text_files: dict[str, TextCounts] | None = None
    text_notes: TextNotes | None = None
    """What was dropped from text; missing where nothing was."""
    left_out: dict[str, int] | None = None
    """Utterances that the source left out, by reason."""
    transcripts_in_lm_text: dict[str, int] | None = None
    """Transcripts that are also lines of the language model text, by split."""
    silent_recordings: list[str] | None = None
    without_frames: dict[str, TooLong] | None = None
    """Utterances shorter than half a frame shift, by split; a report without any has no such field.
    """
    characters_per_word: dict[str, float] | None = None
    """By split whose text seems to be written without spaces; a report without any has no such
    field."""
    too_long_for_ctc: dict[str, dict[str, TooLong]] | None = None
    """Utterances that are too long, by stride in feature frames, then by split."""


class FeatureStatistics(Artifact):
    """Statistics of each bin over the training split; `statistics.json` beside the features."""

    frames: int | None = None
    """Number of frames."""
    mean: list[float]
    deviation: list[float]
    """Standard deviation."""
