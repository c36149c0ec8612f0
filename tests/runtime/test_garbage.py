"""A process that collects garbage seldom still collects it; a verb does so while it imports."""

import gc
import weakref
from collections.abc import Iterator
from pathlib import Path

import pytest

from schatten.runtime import garbage
from schatten.runtime.files import read_text
from schatten.runtime.provenance import recorded


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


def test_a_verb_collects_seldom_until_it_reads_its_first_file(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("a", "utf-8")
    seen = []

    def verb(file: Path) -> None:
        seen.append(gc.get_threshold()[0])
        read_text(file)
        seen.append(gc.get_threshold()[0])

    usual = gc.get_threshold()[0]
    recorded("verb", verb)(file=path)
    assert seen[0] > usual
    assert seen[1] == usual


def test_a_verb_that_fails_in_its_imports_leaves_the_usual_pace() -> None:
    def verb() -> None:
        raise ImportError

    usual = gc.get_threshold()
    with pytest.raises(ImportError):
        recorded("verb", verb)()
    assert gc.get_threshold() == usual


def test_the_end_of_imports_leaves_a_workflow_as_it_is() -> None:
    garbage.begin_imports()
    garbage.collect_seldom()
    garbage.end_imports()
    assert gc.get_threshold()[0] > 10_000
