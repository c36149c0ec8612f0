"""Searches: tuned weights, speed against the beam, search errors."""

from pathlib import Path
from typing import Self

from schatten.artifacts.base import Artifact


class TriedWeights(Artifact):
    """A point of the grid, and its word error rate on dev."""

    lm_weight: float
    word_bonus: float
    wer: float
    """Word error rate in percent."""


class Weights(Artifact):
    """Weights tuned on dev, in natural logs; `weights.json`. A file by hand needs only two
    numbers."""

    lm_weight: float
    word_bonus: float
    temperature: float | None = None
    """By which the engine divides scores for the confidences of words; missing if the decoder gives
    none: 1."""
    wer: float | None = None
    """Word error rate on dev with these weights, in percent."""
    words: int | None = None
    """Words of dev."""
    at_edge: list[str] | None = None
    """Which of the two weights lie on the grid's edge, in words."""
    tried: list[TriedWeights] | None = None
    """The weights that were tried, by LM weight, then by bonus."""

    @classmethod
    def read_tuned(cls, path: Path) -> Self:
        """Read a file of tuned weights; for another file the message says to tune again."""
        return cls.read(path, f"{path} holds no lm_weight and word_bonus: tune again")


class ReliabilityBin(Artifact):
    """The words of some confidences."""

    low: float
    """The lowest of them; the next bin begins 0.1 above."""
    words: int
    confidence: float
    """Mean confidence."""
    right: float
    """Share of words that are right."""


class Reliability(Artifact):
    """Confidences against the words that are right; `schatten reliability --output`."""

    temperature: float
    words: int
    """Words that were recognised."""
    right: float
    """Share of them that are right."""
    confidence: float
    """Mean confidence."""
    expected_calibration_error: float
    bins: list[ReliabilityBin]
    """Bins that hold a word, the lowest first."""


class BeamPoint(Artifact):
    """A search with one beam."""

    beam: int
    wer: float
    """Word error rate on dev in percent."""
    differing: int
    """Utterances whose words differ from those of the widest beam."""
    seconds: float
    """Time to decode dev without the acoustic model: the least of all rounds."""


class Beams(Artifact):
    """Speed and errors of a search against its beam; `beams.json`."""

    utterances: int
    seconds_of_audio: float
    rounds: int | None = None
    """How often each beam was timed."""
    beams: list[BeamPoint]
    """Beams, the narrowest first."""


class GraphUnits(Artifact):
    """Units that are not characters, as a decoding graph names them."""

    kind: str
    names: tuple[str, ...]
    separator: str | None
    """Name of the unit between words; None if words follow each other directly."""


class GraphNames(Artifact):
    """Names of the labels of a decoding graph; `graph.fst.json` beside `graph.fst`."""

    units: tuple[str, ...] | GraphUnits
    """Names alone: characters."""
    words: tuple[str, ...]
    states_and_arcs: dict[str, tuple[int, int]] | None = None
    """Numbers of states and arcs by step of the composition."""


class SearchError(Artifact):
    """An utterance on which a decoder missed words that score better."""

    utterance: str
    words: tuple[str, ...]
    """Words that the decoder found."""
    better: tuple[str, ...]
    """Words that score best."""
    missed: float
    """Difference of their scores, natural log."""


class SearchErrors(Artifact):
    """A decoder's search errors on a split; `schatten search-errors --output` lists decoders."""

    decoder: str
    search_errors: int
    search_errors_per_thousand_words: float
    words_lost_per_thousand_words: float
    """Words that differ from the best-scoring ones."""
    wer: float
    """Word error rate in percent."""
    words: int
    """Words of the transcripts."""
    errors: list[SearchError]
