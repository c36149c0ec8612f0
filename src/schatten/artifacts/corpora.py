"""Corpora: what the validator counted, and what the sources of text and features leave."""

from schatten.artifacts.base import Artifact


class TextCounts(Artifact):
    """What became of a file of text for language models; `text/summary.json` has one a file."""

    lines: int
    """Used."""
    left_out: int
    """Lines with characters outside the alphabet."""
    words: int | None = None
    """Of the lines used."""


class SplitSize(Artifact):
    """What the validator counted in a split."""

    utterances: int
    words: int
    hours: float
    speakers: int
    utterances_by_rate_hz: dict[str, int] | None = None
    """By the sampling rate of their recordings."""


class TooLong(Artifact):
    """Utterances that have more labels than output frames, at a stride."""

    utterances: int
    first: list[str]
    """Ids of the first of them."""


class Validation(Artifact):
    """The validator's report; `validation.json` of a corpus."""

    splits: dict[str, SplitSize]
    text_files: dict[str, TextCounts] | None = None
    left_out: dict[str, int] | None = None
    """Utterances that the source left out, by reason."""
    transcripts_in_lm_text: dict[str, int] | None = None
    """By split, transcripts that are also lines of the language model text."""
    silent_recordings: list[str] | None = None
    too_long_for_ctc: dict[str, dict[str, TooLong]] | None = None
    """By stride in feature frames, then by split."""


class FeatureStatistics(Artifact):
    """Of each bin over the training split; `statistics.json` beside the features."""

    frames: int | None = None
    """How many they were taken from."""
    mean: list[float]
    deviation: list[float]
    """Standard deviation."""
