"""A process that collects garbage seldom still collects it."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from schatten.runtime import garbage


class Circle:
    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def usual() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


def collections() -> int:
    return sum(generation["collections"] for generation in gc.get_stats())


def test_few_objects_are_not_looked_at_and_many_are() -> None:
    garbage.collect_seldom()
    gc.collect()
    before = collections()
    circles = [Circle() for _ in range(5_000)]
    assert collections() == before
    gone = weakref.ref(circles[0])
    circles.clear()
    kept = [[] for _ in range(60_000)]
    assert collections() > before
    assert gone() is None
    assert len(kept) == 60_000
