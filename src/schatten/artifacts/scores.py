"""Error rates of a split: `NAME.score.json`. Rates and ends of intervals are in percent."""

from schatten.artifacts.base import Artifact


class Rates(Artifact):
    """Counts and rates of some utterances; rates are in percent of words or characters."""

    wer: float
    cer: float
    words: int
    """Words of the transcripts."""
    substitutions: int
    deletions: int
    insertions: int
    utterances: int | None = None
    chars: int | None = None
    """Characters of the transcripts."""
    errors: int | None = None
    """Word errors."""
    char_errors: int | None = None
    substitutions_percent: float | None = None
    deletions_percent: float | None = None
    insertions_percent: float | None = None


class OutOfLexicon(Artifact):
    """The effect of unknown words, which are not in the lexicon, on a score."""

    percent: float
    """Unknown words in percent of all words."""
    wer: float
    """Points of WER that come from errors on unknown words."""
    count: int | None = None
    """How often unknown words are said, in total."""
    errors: int | None = None
    """How often unknown words are missed or replaced by another word."""
    percent_of_errors: float | None = None
    """Errors on unknown words in percent of all word errors."""
    wer_of_utterances_without: float | None = None
    words: list[str] | None = None
    """The unknown words, each once, sorted."""


class Score(Rates):
    """Error rates of a split; `NAME.score.json`."""

    wer_interval: tuple[float, float]
    """Bootstrap interval over utterances."""
    cer_interval: tuple[float, float]
    wer_interval_by_speaker: tuple[float, float] | None = None
    """Bootstrap interval over speakers; None if no speaker repeats, or with one speaker."""
    confidence: float | None = None
    """Confidence level of the intervals, such as 0.95."""
    bootstrap_samples: int | None = None
    speakers: int | None = None
    utterances_with_errors: int | None = None
    out_of_lexicon: OutOfLexicon | None = None
    """None if no lexicon was given."""
    by_speaker: dict[str, Rates] | None = None
    units: str | None = None
    """The kind of units that all rates are of, such as phones; None: they are of words."""
