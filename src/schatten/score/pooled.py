"""Comparison of two systems that were trained with several seeds each.

A training with another seed differs by more than the sample of utterances explains, so an interval
that draws utterances alone is too narrow (Reimers and Gurevych, "Reporting score distributions
makes a difference", 2017). Here seeds are drawn together with utterances, or with speakers.

Where both systems have as many trainings, the trainings are pairs, in the order of the files, and
pairs are drawn: both may have grown from one first training, and then agree on its luck. A few
seeds say little about how much seeds vary: with three, intervals are still somewhat narrow.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from schatten.errors import UserError
from schatten.score.bootstrap import CONFIDENCE, SEED, Floats, Ints, percentiles, resampled_sums
from schatten.score.paired import (
    Difference,
    RelativeDifference,
    counts_of,
    drawn_for_verdicts,
    have_several,
    speaker_sums,
    two_sided,
)


@dataclass(frozen=True)
class PooledDifference:
    """Mean WER of the second system's trainings minus that of the first's, and relative to it."""

    first: tuple[float, ...]
    """WER of each training of the first system, in %."""
    second: tuple[float, ...]
    """The same for the second."""
    points: Difference
    """The difference of the means, in points of WER."""
    relative: RelativeDifference
    """The difference in % of the first one's mean."""
    pairs: bool
    """Whether pairs of trainings were drawn, or the trainings of each system."""


def pooled_difference(
    first: Sequence[Path],
    second: Sequence[Path],
    samples: int = 2000,
    confidence: float = CONFIDENCE,
    seed: int = SEED,
) -> PooledDifference:
    """Compare `utterances.csv` of several trainings on one split, second minus first.

    Each sample draws utterances or speakers with replacement, as `paired_difference` and
    `relative_difference` do, and trainings with replacement. A mean WER of 0 counts as that of one
    error.
    Errors: `UserError` if the files do not hold the same utterances and transcripts, or if one
    system names a file twice.
    """
    for paths in (first, second):
        if len(set(paths)) < len(paths):
            raise UserError(f"{_repeated(paths)} is given twice: name each training's file once")
    values, speakers = counts_of([*first, *second])
    return _compared(values, speakers, len(first), samples, confidence, seed)


def difference_over_folds(
    folds: Sequence[tuple[Sequence[Path], Sequence[Path]]],
    samples: int = 2000,
    confidence: float = CONFIDENCE,
    seed: int = SEED,
) -> PooledDifference:
    """Compare two systems by cross-validation, second minus first.

    `folds`: the `utterances.csv` of the first system's trainings and of the second's, fold by fold.
    Utterances of all folds are drawn together, or their speakers; a training with one seed in all
    folds counts as one.
    Errors: `UserError` if the files of a fold do not hold the same utterances and transcripts.
    """
    found = [counts_of([*first, *second]) for first, second in folds]
    values = np.concatenate([counts for counts, _ in found])
    speakers = [speaker for _, names in found for speaker in names]
    return _compared(values, speakers, len(folds[0][0]), samples, confidence, seed)


def _compared(
    values: Ints, speakers: Sequence[str], split: int, samples: int, confidence: float, seed: int
) -> PooledDifference:
    """Compare the first `split` columns of errors with the others; the last column is words."""
    trainings = values.shape[1] - 1 - split
    pairs = trainings == split
    draws = _draws(split, samples, seed)
    others = draws if pairs else _draws(trainings, samples, seed)

    def differences(units: Ints) -> tuple[Floats, Floats]:
        sums = resampled_sums(units, samples, seed)
        means = _means(sums[:, :split], draws), _means(sums[:, split:-1], others)
        return _differences(means[0], means[1], sums[:, -1])

    rates = 100.0 * values[:, :-1].sum(axis=0) / max(values[:, -1].sum(), 1)
    whole = values.sum(axis=0, keepdims=True)
    points, percent = _differences(
        whole[:, :split].mean(axis=1), whole[:, split:-1].mean(axis=1), whole[:, -1]
    )
    by_utterance = differences(values)
    by_speaker = differences(speaker_sums(values, speakers)) if have_several(speakers) else None
    of_utterances, judged = None, by_utterance[0]
    if by_speaker is not None and drawn_for_verdicts(speakers):
        of_utterances, judged = percentiles(judged, confidence), by_speaker[0]
    low, high = percentiles(judged, confidence)
    ends = percentiles((by_speaker or by_utterance)[1], confidence)
    return PooledDifference(
        tuple(rates[:split].tolist()),
        tuple(rates[split:].tolist()),
        Difference(float(points[0]), low, high, two_sided(judged), of_utterances),
        RelativeDifference(float(percent[0]), ends[0], ends[1], by_speaker is not None),
        pairs,
    )


def pooled_interval(
    paths: Sequence[Path], samples: int = 2000, confidence: float = CONFIDENCE, seed: int = SEED
) -> tuple[float, float]:
    """Return the interval of the mean WER of several trainings, in %; utterances and seeds drawn.

    `paths`: the `utterances.csv` of each. Errors: as `pooled_difference`.
    """
    values, _ = counts_of(paths)
    sums = resampled_sums(values, samples, seed)
    means = _means(sums[:, :-1], _draws(len(paths), samples, seed))
    return percentiles(100.0 * means / np.maximum(sums[:, -1], 1), confidence)


def _draws(trainings: int, samples: int, seed: int) -> Ints:
    """Return which trainings each sample draws: (samples, trainings)."""
    # Another stream than that of `resampled_sums`, which starts from the seed itself.
    generator = np.random.Generator(np.random.PCG64([seed, trainings]))
    return generator.integers(0, trainings, (samples, trainings))


def _means(errors: Ints, drawn: Ints) -> Floats:
    """Return mean errors of the drawn trainings; both arrays are (samples, trainings)."""
    means: Floats = np.take_along_axis(errors, drawn, axis=1).mean(axis=1)
    return means


def _differences(first: Floats, second: Floats, words: Ints) -> tuple[Floats, Floats]:
    """Return differences in points and in % from mean errors and words."""
    more = second - first
    return 100.0 * more / np.maximum(words, 1), 100.0 * more / np.maximum(first, 1)


def _repeated(paths: Sequence[Path]) -> Path:
    return next(path for path in paths if list(paths).count(path) > 1)
