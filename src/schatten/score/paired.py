"""Paired comparison of two systems on the same utterances (Bisani and Ney, 2004, section 4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from schatten.errors import UserError
from schatten.score.bootstrap import (
    CONFIDENCE,
    SAMPLES,
    SEED,
    Floats,
    Ints,
    percent,
    percentiles,
    resampled_sums,
)
from schatten.score.counts import Counts, read_counts
from schatten.transcripts import require_same_utterances

SPEAKERS_NEEDED = 20
"""Whole speakers are drawn where a split has at least this many, and they repeat.

Utterances of one speaker are not independent. Where speakers differ, an interval that draws
utterances misses zero in 11 to 12 % of the comparisons of equal systems, instead of 5 %. Of few
speakers the interval is too narrow as well, so fewer are not drawn.
"""


@dataclass(frozen=True)
class Difference:
    """WER of the second system minus that of the first: above zero, the second is worse."""

    points: float
    """The difference, in points of WER."""
    low: float
    """Lower end of its interval, by which it is judged: of speakers where there are enough."""
    high: float
    """Upper end of that interval."""
    p: float
    """Two-sided p-value: twice the share of resampled differences of zero or the other sign."""
    of_utterances: tuple[float, float] | None = None
    """The interval that draws utterances, where the other one draws speakers."""

    @property
    def by_utterance(self) -> tuple[float, float]:
        """Ends of the interval that draws utterances."""
        return self.of_utterances or (self.low, self.high)

    @property
    def by_speaker(self) -> tuple[float, float] | None:
        """Ends of the interval that draws speakers; None where they are too few."""
        return (self.low, self.high) if self.of_utterances else None


@dataclass(frozen=True)
class RelativeDifference:
    """Errors of the second system against those of the first: above zero, the second is worse."""

    percent: float
    """The difference, in % of the first one's errors."""
    low: float
    """Lower end of its interval."""
    high: float
    """Upper end of its interval."""
    by_speaker: bool
    """Whether speakers (each with all utterances) were drawn, or utterances."""


def relative_difference(
    a: Path, b: Path, samples: int = SAMPLES, confidence: float = CONFIDENCE, seed: int = SEED
) -> RelativeDifference:
    """Compare the word errors of two `utterances.csv` of one split, (b - a) / a, in %.

    Like `paired_difference`, but whole speakers are drawn where speakers repeat, because utterances
    of one speaker are not independent. A sample without errors of `a` counts as one error.
    """
    values, speakers = counts_of([a, b])
    by_speaker = have_several(speakers)
    units = speaker_sums(values, speakers) if by_speaker else values
    low, high = percentiles(_relative(resampled_sums(units, samples, seed)), confidence)
    return RelativeDifference(
        float(_relative(values.sum(axis=0, keepdims=True))[0]), low, high, by_speaker
    )


def _relative(sums: Ints) -> Floats:
    """Return relative differences in % from (samples, 3) sums: errors of a, errors of b, words."""
    return percent(sums[:, 1] - sums[:, 0], sums[:, 0])


def speaker_sums(values: Ints, speakers: Sequence[str]) -> Ints:
    """Add up (utterances, columns) by speaker: (speakers, columns), in the order of names."""
    _, places = np.unique(speakers, return_inverse=True)
    sums = np.zeros((places.max() + 1, values.shape[1]), dtype=np.int64)
    np.add.at(sums, places, values)
    return sums


def paired_difference(
    a: Path, b: Path, samples: int = SAMPLES, confidence: float = CONFIDENCE, seed: int = SEED
) -> Difference:
    """Compare the WER of two `utterances.csv` of one split, b minus a, by paired bootstrap.

    Utterances are drawn with replacement, the same ones for both systems, `samples` times; where
    there are `SPEAKERS_NEEDED` of them, so are whole speakers, by which the difference is judged.
    `confidence` is that of the interval (0.95: 95 %).
    Errors: `UserError` if the files do not hold the same utterances and transcripts.
    """
    values, speakers = counts_of([a, b])
    difference = _differences(values.sum(axis=0, keepdims=True))[0]
    resampled = _differences(resampled_sums(values, samples, seed))
    low, high = percentiles(resampled, confidence)
    of_utterances = None
    if drawn_for_verdicts(speakers):
        of_utterances = low, high
        resampled = _differences(resampled_sums(speaker_sums(values, speakers), samples, seed))
        low, high = percentiles(resampled, confidence)
    return Difference(float(difference), low, high, two_sided(resampled), of_utterances)


def have_several(speakers: Sequence[str]) -> bool:
    """Tell whether there are speakers to draw: one has several utterances, and there are others."""
    return 1 < len(set(speakers)) < len(speakers)


def drawn_for_verdicts(speakers: Sequence[str]) -> bool:
    """Tell whether whole speakers are drawn where a difference is judged; one name an utterance."""
    return SPEAKERS_NEEDED <= len(set(speakers)) < len(speakers)


def two_sided(resampled: Floats) -> float:
    """Return the p-value of resampled differences, (samples,): see `Difference.p`."""
    tail = min(np.count_nonzero(resampled <= 0), np.count_nonzero(resampled >= 0))
    return min(1.0, 2.0 * (int(tail) + 1) / (len(resampled) + 1))


def _differences(sums: Ints) -> np.ndarray:
    """Return differences of WER from (samples, 3) sums: errors of a, errors of b, words."""
    return percent(sums[:, 1], sums[:, 2]) - percent(sums[:, 0], sums[:, 2])


def counts_of(paths: Sequence[Path]) -> tuple[Ints, list[str]]:
    """Read `utterances.csv` of one split: (utterances, files + 1) and each utterance's speaker.

    The columns are the errors of each file, then the words. Utterances are in the order of names.
    Errors: `UserError` if the files do not hold the same utterances and transcripts.
    """
    found = [_by_utterance(path) for path in paths]
    first, names = found[0], sorted(found[0])
    for path, other in zip(paths[1:], found[1:], strict=True):
        require_same_utterances(other, path, first, paths[0])
        for name in names:
            if other[name].words != first[name].words:
                raise UserError(
                    f"{paths[0]} and {path} differ in the transcript of {name}: score both again"
                )
    rows = [[*(each[name].errors for each in found), first[name].words] for name in names]
    return np.array(rows, dtype=np.int64), [first[name].speaker for name in names]


def _by_utterance(path: Path) -> dict[str, Counts]:
    counts = {each.utterance: each for each in read_counts(path)}
    if not counts:
        raise UserError(f"{path} holds no utterance: score again")
    return counts
