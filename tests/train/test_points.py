"""The points of a training's curves: means over stretches of steps, each step once."""

import pytest

from schatten.train import points
from schatten.train.points import Points


def trained(log: Points, first: int, last: int) -> Points:
    """Count steps, of which step n has n utterances of loss n each."""
    for step in range(first, last + 1):
        log.count(float(step * step), step)
        log.end_step(step, step / 100, 1 / step)
    return log


def test_a_point_is_the_mean_of_its_utterances() -> None:
    first, second, rest = trained(Points(), 1, 23).listed()
    assert first == {"step": 10, "epoch": 0.1, "loss": 7.0, "learning_rate": 0.1}
    assert second["loss"] == pytest.approx(sum(n * n for n in range(11, 21)) / 155, rel=1e-5)
    assert rest["step"] == 23, "the last steps are no whole point yet, and are there"
    assert rest["loss"] == pytest.approx((21**2 + 22**2 + 23**2) / 66, rel=1e-5)


def test_a_training_that_goes_on_has_each_point_once() -> None:
    whole = trained(Points(), 1, 57)
    for step in (1, 9, 10, 34):
        log = trained(Points(), 1, step)
        kept = log.state()
        trained(log, step + 1, 57)  # what a checkpoint holds does not change with later steps
        resumed = Points()
        resumed.restore(kept)
        assert trained(resumed, step + 1, 57).listed() == whole.listed()


def test_points_of_a_long_training_are_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(points, "MOST", 4)
    log = trained(Points(), 1, 200)
    assert log.every == 80
    listed = log.listed()
    assert [one["step"] for one in listed] == [80, 160, 200]
    assert listed[0]["loss"] == pytest.approx(sum(n * n for n in range(1, 81)) / 3240, rel=1e-5)
    assert [one["epoch"] for one in listed] == [0.8, 1.6, 2.0]
