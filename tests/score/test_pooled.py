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
from schatten.score.pooled import pooled_difference

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
    assert (found.points, found.percent) == (-10.0, -50.0)
    assert found.by_speaker


def test_seeds_are_drawn_too(write: Write) -> None:
    """Speakers agree, seeds do not: drawing speakers alone would see no doubt at all."""
    first = write("a", np.array([[1] * 20, [3] * 20]))
    second = write("b", np.array([[2] * 20, [2] * 20]))
    assert relative_difference(first[0], second[0]).low == 100.0
    assert pooled_difference(first, second).points_interval == (-10.0, 10.0)


def test_speakers_are_drawn_as_for_one_seed(write: Write) -> None:
    generator = np.random.default_rng(3)
    first, second = (write(name, generator.binomial(10, 0.2, (1, 400))) for name in "ab")
    found, alone = pooled_difference(first, second), relative_difference(first[0], second[0])
    assert found.percent == pytest.approx(alone.percent)
    assert found.percent_interval == pytest.approx((alone.low, alone.high), abs=1.5)


def test_a_system_without_errors_has_a_finite_relative_difference(write: Write) -> None:
    found = pooled_difference(write("a", np.zeros((2, 20))), write("b", np.ones((2, 20))))
    assert np.isfinite(found.percent_interval).all()


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
        "+10.00 points [+10.00, +10.00]; +100.0 % [+100.0, +100.0] by seeds and speakers\n"
    )
