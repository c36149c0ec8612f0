"""How well a split was recognised: `NAME.score.json`. Rates and ends of intervals in percent."""

from schatten.artifacts.base import Artifact


class Rates(Artifact):
    """Counts and rates of some utterances; rates are in percent of words or characters."""

    wer: float
    cer: float
    words: int
    """Of the transcripts."""
    substitutions: int
    deletions: int
    insertions: int
    utterances: int | None = None
    chars: int | None = None
    """Of the transcripts."""
    errors: int | None = None
    """Of words."""
    char_errors: int | None = None
    substitutions_percent: float | None = None
    deletions_percent: float | None = None
    insertions_percent: float | None = None


class OutOfLexicon(Artifact):
    """What words out of the lexicon make of a score."""

    percent: float
    """Of all words."""
    wer: float
    """Points of WER that their own errors make."""
    count: int | None = None
    """How often unknown words are said, in all."""
    errors: int | None = None
    """How often they are taken for another word or missed."""
    percent_of_errors: float | None = None
    """Of all word errors."""
    wer_of_utterances_without: float | None = None
    words: list[str] | None = None
    """Each once, sorted."""


class Score(Rates):
    """How well a split was recognised; `NAME.score.json`."""

    wer_interval: tuple[float, float]
    """By a bootstrap over utterances."""
    cer_interval: tuple[float, float]
    wer_interval_by_speaker: tuple[float, float] | None = None
    """By a bootstrap over speakers; None where each speaks once, or there is only one."""
    confidence: float | None = None
    """Of the intervals, such as 0.95."""
    bootstrap_samples: int | None = None
    speakers: int | None = None
    utterances_with_errors: int | None = None
    out_of_lexicon: OutOfLexicon | None = None
    """None where nothing says what words were known."""
    by_speaker: dict[str, Rates] | None = None
