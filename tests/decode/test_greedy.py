import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from toy_decoding import UNITS, clear_values

from schatten.decode.greedy import greedy_units, greedy_words
from schatten.units import BLANK, Units


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


def along(path: list[int], units: Units) -> np.ndarray:
    """Return log-probabilities whose best path is `path`."""
    return np.log(np.eye(len(units), dtype=np.float32)[path] * 0.9 + 0.02)


def test_words_are_read_off_pieces() -> None:
    pieces = Units("pieces", (BLANK, "▁ca", "ll", "▁j", "on", "▁"), None)
    assert greedy_words(along([1, 1, 2, 0, 2, 3, 4, 5], pieces), pieces) == ["callll", "jon"]
    assert greedy_words(along([2, 3], pieces), pieces) == ["ll", "j"], "the first may not begin one"


def test_phones_are_read_by_name() -> None:
    phones = Units("phones", (BLANK, "K", "AO"), None)
    values = along([1, 1, 0, 1, 2, 0], phones)
    assert greedy_units(values, phones) == ["K", "K", "AO"]
