"""Planning a grid: as many systems as its points, each with its jobs."""

import pytest
from project import ROOT

from schatten.recipe import load
from schatten_bench.planning import time_grid_planning

pytestmark = pytest.mark.workflow


def test_every_point_of_a_planned_grid_is_trained_and_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(ROOT)
    name = "voicesearch_like/smoke"
    one, four = (time_grid_planning(name, load(name), values) for values in (1, 2))
    assert (one.systems, four.systems) == (2, 8)
    assert four.jobs - one.jobs == 6 * 4, "train, logprobs, greedy, score"
    assert one.wall > 0 and one.cpu > 0
