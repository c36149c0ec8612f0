import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_decoding import UNITS, clear_values

from schatten.decode.greedy import greedy_words


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("", []),
        ("___", []),
        ("aab_b", ["abb"]),
        ("a__a  b", ["aa", "b"]),
        ("  _ ab _ ", ["ab"]),
        ("a _ _ b", ["a", "b"]),
    ],
)
def test_collapses_repeats_and_drops_blanks(path: str, words: list[str]) -> None:
    indices = [0 if unit == "_" else UNITS.index[unit] for unit in path]
    values = np.log(np.eye(len(UNITS), dtype=np.float32)[indices] * 0.9 + 0.02)
    assert greedy_words(values.reshape(-1, len(UNITS)), UNITS) == words


@settings(deadline=None)
@given(st.lists(st.integers(0, len(UNITS) - 1), min_size=1, max_size=40))
def test_agrees_with_the_definition(path: list[int]) -> None:
    values = np.log(np.eye(len(UNITS), dtype=np.float32)[path] * 0.9 + 0.02)
    text = "".join(UNITS.names[unit] for unit, _ in itertools.groupby(path) if unit)
    assert greedy_words(values, UNITS) == text.split()


def test_reads_clear_speech() -> None:
    assert greedy_words(clear_values("abba cab"), UNITS) == ["abba", "cab"]
