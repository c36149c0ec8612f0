import numpy as np
import pytest

from schatten.score import bootstrap
from schatten.score.bootstrap import rate_interval, resampled_sums


def binomial(utterances: int, words: int, rate: float) -> tuple[np.ndarray, np.ndarray]:
    errors = np.random.default_rng(5).binomial(words, rate, size=utterances)
    return errors, np.full(utterances, words)


def test_interval_is_that_of_the_normal_approximation() -> None:
    errors, totals = binomial(2000, 5, 0.1)
    low, high = rate_interval(errors, totals, samples=4000, confidence=0.95)
    rates = errors / totals
    half = 196.0 * rates.std() / np.sqrt(len(rates))
    assert low == pytest.approx(100 * rates.mean() - half, abs=0.05)
    assert high == pytest.approx(100 * rates.mean() + half, abs=0.05)


def test_interval_covers_the_truth_as_often_as_it_says() -> None:
    generator, covered = np.random.default_rng(2), 0
    for _ in range(300):
        errors = generator.binomial(6, 0.12, size=150)
        low, high = rate_interval(errors, np.full(150, 6), samples=300, confidence=0.9)
        covered += low <= 12.0 <= high
    assert 0.84 <= covered / 300 <= 0.95


def test_more_confidence_is_wider() -> None:
    errors, totals = binomial(200, 5, 0.2)
    narrow = rate_interval(errors, totals, samples=1000, confidence=0.5)
    wide = rate_interval(errors, totals, samples=1000, confidence=0.99)
    assert wide[0] < narrow[0] < narrow[1] < wide[1]


def test_no_errors_leave_no_doubt_but_that_of_the_method() -> None:
    assert rate_interval(np.zeros(9, int), np.full(9, 4), 100, 0.95) == (0.0, 0.0)


def test_columns_are_drawn_together_and_draws_repeat(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.stack([np.arange(50), np.arange(50)], axis=1)
    sums = resampled_sums(values, 40, seed=7)
    assert sums.shape == (40, 2)
    assert (sums[:, 0] == sums[:, 1]).all()
    assert len(set(sums[:, 0])) > 20
    np.testing.assert_array_equal(sums, resampled_sums(values, 40, seed=7))
    assert (sums != resampled_sums(values, 40, seed=8)).any()
    monkeypatch.setattr(bootstrap, "_DRAWS_AT_ONCE", 600)
    assert resampled_sums(values, 40, seed=7).shape == (40, 2)
