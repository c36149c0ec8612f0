from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scoring import counts
from typer.testing import CliRunner

from schatten.cli.decode import app
from schatten.errors import UserError
from schatten.score.counts import write_counts
from schatten.score.paired import relative_difference
from schatten.score.pooled import pooled_difference, pooled_interval

Write = Callable[[str, np.ndarray], list[Path]]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write (seeds, utterances) errors of ten words each, ten utterances a speaker."""

    def write(name: str, errors: np.ndarray) -> list[Path]:
        paths = []
        for seed, row in enumerate(errors):
            paths.append(tmp_path / f"{name}{seed}.csv")
            utterances = [counts(f"s{n // 10}-{n}", 10, int(e)) for n, e in enumerate(row)]
            write_counts(paths[-1], utterances)
        return paths

    return write


def test_means_of_the_seeds_are_compared(write: Write) -> None:
    first = write("a", np.array([[1] * 20, [3] * 20]))
    second = write("b", np.array([[1] * 20, [1] * 20, [1] * 20]))
    found = pooled_difference(first, second)
    assert found.first == (10.0, 30.0)
    assert found.second == (10.0, 10.0, 10.0)
    assert (found.points.points, found.relative.percent) == (-10.0, -50.0)
    assert found.relative.by_speaker
    assert not found.pairs


def test_seeds_are_drawn_too(write: Write) -> None:
    """Speakers agree, seeds do not: drawing speakers alone would see no doubt at all."""
    first = write("a", np.array([[1] * 20, [3] * 20]))
    second = write("b", np.array([[2] * 20, [2] * 20]))
    assert relative_difference(first[0], second[0]).low == 100.0
    points = pooled_difference(first, second).points
    assert (points.low, points.high) == (-10.0, 10.0)


def test_trainings_of_one_seed_are_a_pair(write: Write) -> None:
    """Both seeds gain one error in ten words; the luck that they share is no doubt about that."""
    first = write("a", np.array([[1] * 20, [5] * 20]))
    second = write("b", np.array([[2] * 20, [6] * 20]))
    found = pooled_difference(first, second)
    assert found.pairs
    assert (found.points.low, found.points.high) == (10.0, 10.0)
    more = pooled_difference([*first, *write("c", np.array([[3] * 20]))], second)
    assert not more.pairs
    assert more.points.low < 0 < more.points.high


def test_many_speakers_are_drawn_where_points_are_judged(write: Write) -> None:
    errors = np.repeat(np.random.default_rng(1).binomial(10, 0.3, (2, 25)), 10, axis=1)
    found = pooled_difference(write("a", np.ones((2, 250))), write("b", errors)).points
    assert found.of_utterances is not None
    low, high = found.by_utterance
    assert found.low < low < high < found.high, "errors of a speaker's utterances are alike"
    few = pooled_difference(write("a", np.ones((2, 100))), write("b", errors[:, :100])).points
    assert few.by_speaker is None


def test_the_mean_of_seeds_has_an_interval_of_its_own(write: Write) -> None:
    paths = write("a", np.array([[1] * 20, [3] * 20]))
    assert pooled_interval(paths) == (10.0, 30.0)
    assert pooled_interval(paths[:1]) == (10.0, 10.0)


def test_speakers_are_drawn_as_for_one_seed(write: Write) -> None:
    generator = np.random.default_rng(3)
    first, second = (write(name, generator.binomial(10, 0.2, (1, 400))) for name in "ab")
    found, alone = pooled_difference(first, second), relative_difference(first[0], second[0])
    assert found.relative.percent == pytest.approx(alone.percent)
    ends = (found.relative.low, found.relative.high)
    assert ends == pytest.approx((alone.low, alone.high), abs=1.5)


def test_a_system_without_errors_has_a_finite_relative_difference(write: Write) -> None:
    found = pooled_difference(write("a", np.zeros((2, 20))), write("b", np.ones((2, 20))))
    assert np.isfinite([found.relative.low, found.relative.high]).all()


def test_a_file_given_twice_is_refused(write: Write) -> None:
    (path,) = write("a", np.ones((1, 20)))
    with pytest.raises(UserError, match=r"a0\.csv is given twice"):
        pooled_difference([path, path], [path])


def test_the_verb_names_every_seed(write: Write) -> None:
    first = write("a", np.array([[1] * 20, [1] * 20]))
    second = write("b", np.array([[2] * 20]))
    options = [f"--first={path}" for path in first] + [f"--second={path}" for path in second]
    done = CliRunner().invoke(app, ["compare-scores", *options])
    assert done.exit_code == 0, done.output
    assert done.output == (
        "first: 10.00 % (10.00, 10.00)\nsecond: 20.00 % (20.00)\n"
        "+10.00 points [+10.00, +10.00] by seeds and utterances, p = 0.001; "
        "+100.0 % [+100.0, +100.0] by seeds and speakers\n"
    )
