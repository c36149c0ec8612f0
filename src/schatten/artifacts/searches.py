"""Searches: tuned weights, speed against the beam, search errors."""

from pathlib import Path
from typing import Self

from schatten.artifacts.base import Artifact


class TriedWeights(Artifact):
    """A point of the grid, and its word error rate on dev."""

    lm_weight: float
    word_bonus: float
    wer: float
    """Percent."""


class Weights(Artifact):
    """Tuned on dev; `weights.json`. Natural logarithms. Two numbers are enough, written by hand."""

    lm_weight: float
    word_bonus: float
    wer: float | None = None
    """With them, on dev, in percent."""
    words: int | None = None
    """Of dev."""
    at_edge: list[str] | None = None
    """Which of the two lie on the grid's edge, in words."""
    tried: list[TriedWeights] | None = None
    """By LM weight, then by bonus."""

    @classmethod
    def read_tuned(cls, path: Path) -> Self:
        """Read a file that somebody named as tuned weights; other files are told to be tuned."""
        return cls.read(path, f"{path} holds no lm_weight and word_bonus: tune again")


class BeamPoint(Artifact):
    """A search with one beam."""

    beam: int
    wer: float
    """Percent, on dev."""
    differing: int
    """Utterances whose words are not those of the widest beam."""
    seconds: float
    """To decode dev, without the acoustic model: the least of all rounds."""


class Beams(Artifact):
    """Speed and errors of a search against its beam; `beams.json`."""

    utterances: int
    seconds_of_audio: float
    rounds: int | None = None
    """How often each beam was timed."""
    beams: list[BeamPoint]
    """The narrowest first."""


class GraphNames(Artifact):
    """What the labels of a decoding graph mean; `graph.fst.json` beside `graph.fst`."""

    units: tuple[str, ...]
    words: tuple[str, ...]
    states_and_arcs: dict[str, tuple[int, int]] | None = None
    """By step of the composition."""


class SearchError(Artifact):
    """An utterance on which a decoder missed words that score better."""

    utterance: str
    words: tuple[str, ...]
    """The decoder's."""
    better: tuple[str, ...]
    """Those that score best."""
    missed: float
    """By how much, natural log."""


class SearchErrors(Artifact):
    """A decoder's search errors on a split; `schatten search-errors --output` lists decoders."""

    decoder: str
    search_errors: int
    search_errors_per_thousand_words: float
    words_lost_per_thousand_words: float
    """Words that differ from the best-scoring ones."""
    wer: float
    """Percent."""
    words: int
    """Of the transcripts."""
    errors: list[SearchError]
