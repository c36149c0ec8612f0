"""The array routines under the ARPA reader and writer: keys, tables, decimals, slices."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schatten.lm import decimals
from schatten.lm.keys import Hasher, RepeatedKeyError, Table, key_of
from schatten.lm.text_rows import copy_slices, join_lines


def as_text(*tokens):
    """Return a padded text of tokens and where they start and end."""
    text = b" ".join(tokens) + b"\n" + bytes(decimals.PADDING)
    lengths = np.array([len(token) for token in tokens])
    ends = np.cumsum(lengths + 1) - 1
    return np.frombuffer(text, np.uint8), ends - lengths, ends


def parse(*tokens):
    return decimals.parse(*as_text(*tokens))


NUMBERS = """
0 -0 7 -99 12 0.5 -0.82045686 -4.278025 -1.0609851 -0.009529843 -0.0012345678901 10.25
-1.5e-05 1e3 -inf +1.5 .5 -12.123456789012345678 123.5 5.
"""


@pytest.mark.parametrize("token", NUMBERS.split())
def test_decimals_are_read_as_python_reads_them(token):
    assert parse(b"-1.5", token.encode(), b"0")[1] == pytest.approx(float(token), rel=1e-15)


@pytest.mark.parametrize("token", [b"-", b"1.2.3", b"a", b"-1.x", b"1,5", b"nan", b"1_0", b"0x1"])
def test_what_is_no_number_is_refused_by_row(token):
    with pytest.raises(decimals.BadNumberError) as caught:
        parse(b"-1.5", b"2", token)
    assert caught.value.row == 2


@given(st.lists(st.floats(-999, 999), min_size=1))
def test_written_decimals_are_read_back_within_half_a_place(values):
    text, start, length = decimals.render(np.array(values))
    written = [bytes(text[a : a + n]).decode() for a, n in zip(start, length, strict=True)]
    assert [float(token) for token in written] == pytest.approx(values, rel=0, abs=5.01e-8)
    assert not any(token.endswith(("0", ".")) for token in written if "." in token)
    again = parse(*(token.encode() for token in written))
    assert decimals.render(again)[0].tobytes() == text.tobytes()


def test_decimals_are_written_without_a_sign_for_zero_and_without_leading_zeros():
    text, start, length = decimals.render(np.array([0.0, -1e-9, -0.5, 12.0, -99.0, 0.03]))
    written = [bytes(text[a : a + n]) for a, n in zip(start, length, strict=True)]
    assert written == [b"0", b"0", b"-0.5", b"12", b"-99", b"0.03"]


@given(st.binary(min_size=1, max_size=40), st.binary(max_size=40))
def test_a_key_does_not_depend_on_where_the_slice_lies(words, before):
    hasher = Hasher(100)
    hasher.load(np.frombuffer(before + words, np.uint8))
    found = hasher.keys(np.array([len(before)]), np.array([len(before + words)]))[0]
    assert found == key_of(words)


def test_keys_of_many_like_strings_differ():
    names = [f"{a} {b}".encode() for a in range(300) for b in range(300)]
    text, start, end = as_text(*names)
    hasher = Hasher(len(text))
    hasher.load(text)
    assert len(np.unique(hasher.keys(start, end))) == len(names)


def test_table_finds_every_row_and_nothing_else():
    keys = np.random.default_rng(1).integers(0, 2**64, 5000, dtype=np.uint64)
    keys[:100] = np.arange(100)  # all start at one place of the table
    table = Table(keys)
    assert (table.find(keys) == np.arange(5000)).all()
    assert (table.find(keys[::-1] + np.uint64(12345)) == -1).all()
    assert len(table.find(keys[:0])) == 0


def test_table_names_the_row_that_repeats_another():
    keys = np.arange(50, dtype=np.uint64)
    keys[31] = 7
    with pytest.raises(RepeatedKeyError) as caught:
        Table(keys)
    assert caught.value.row == 31


def test_slices_are_copied_to_their_places():
    source = np.frombuffer(b"abcdefgh", np.uint8)
    target = np.full(8, ord("."), np.uint8)
    start, length, at = np.array([4, 0, 7]), np.array([3, 0, 1]), np.array([0, 3, 5])
    copy_slices(source, start, length, target, at)
    assert target.tobytes() == b"efg..h.."
    lines = join_lines(source, np.array([6, 0]), np.array([8, 1]), before=b"0\t")
    assert lines.tobytes() == b"0\tgh\n0\ta\n"
