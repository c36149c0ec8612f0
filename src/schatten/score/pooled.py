"""Comparison of two systems that were trained with several seeds each.

A training with another seed differs by more than the sample of utterances explains, so an interval
that draws utterances alone is too narrow (Reimers and Gurevych, "Reporting score distributions
makes a difference", 2017). Here seeds and speakers are drawn together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from schatten.errors import UserError
from schatten.score.bootstrap import SEED, Floats, Ints, percentiles
from schatten.score.paired import counts_of, speaker_sums


@dataclass(frozen=True)
class PooledDifference:
    """Mean WER of the second system's trainings minus that of the first's, and relative to it."""

    first: tuple[float, ...]
    """WER of each training of the first system, in %."""
    second: tuple[float, ...]
    """The same for the second."""
    points: float
    """The difference of the means, in points of WER: above zero, the second is worse."""
    points_interval: tuple[float, float]
    """Ends of its interval."""
    percent: float
    """The difference in % of the first one's mean."""
    percent_interval: tuple[float, float]
    """Ends of its interval."""
    by_speaker: bool
    """Whether speakers (each with all utterances) were drawn, or utterances."""


def pooled_difference(
    first: Sequence[Path],
    second: Sequence[Path],
    samples: int = 2000,
    confidence: float = 0.95,
    seed: int = SEED,
) -> PooledDifference:
    """Compare `utterances.csv` of several trainings on one split, second minus first.

    Each sample draws speakers with replacement (utterances, where no speaker repeats), the same
    ones for both systems, and trainings of each system with replacement. A mean WER of 0 counts
    as that of one error.
    Errors: `UserError` if the files do not hold the same utterances and transcripts, or if one
    system names a file twice.
    """
    for paths in (first, second):
        if len(set(paths)) < len(paths):
            raise UserError(f"{_repeated(paths)} is given twice: name each training's file once")
    values, speakers = counts_of([*first, *second])
    by_speaker = 1 < len(set(speakers)) < len(speakers)
    units = speaker_sums(values, speakers) if by_speaker else values
    generator = np.random.Generator(np.random.PCG64(seed))
    drawn = np.array([_draw(units, len(first), generator) for _ in range(samples)])
    points, percent = _differences(drawn)
    rates = 100.0 * units[:, :-1].sum(axis=0) / units[:, -1].sum()
    means = np.array([[rates[: len(first)].mean(), rates[len(first) :].mean()]])
    words = np.array([units[:, -1].sum()])
    whole_points, whole_percent = _differences(np.column_stack([means, words]))
    return PooledDifference(
        tuple(rates[: len(first)].tolist()),
        tuple(rates[len(first) :].tolist()),
        float(whole_points[0]),
        percentiles(points, confidence),
        float(whole_percent[0]),
        percentiles(percent, confidence),
        by_speaker,
    )


def _draw(units: Ints, split: int, generator: np.random.Generator) -> Floats:
    """Return the mean WER of both systems, in %, and the words of one sample.

    `units` is (units, trainings + 1): errors of each training, the first `split` being the first
    system's, then words.
    """
    sums = units[generator.integers(0, len(units), len(units))].sum(axis=0)
    words, trainings = sums[-1], len(sums) - 1
    first = generator.integers(0, split, split)
    second = generator.integers(split, trainings, trainings - split)
    return np.array(
        [100.0 * sums[each].mean() / max(words, 1) for each in (first, second)] + [words]
    )


def _differences(means: Floats) -> tuple[Floats, Floats]:
    """Return differences in points and in % from (samples, 3): WER of both, words."""
    first, second, words = means.T
    least = 100.0 / np.maximum(words, 1)
    return second - first, 100.0 * (second - first) / np.maximum(first, least)


def _repeated(paths: Sequence[Path]) -> Path:
    return next(path for path in paths if list(paths).count(path) > 1)
