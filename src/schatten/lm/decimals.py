"""Decimal numbers in text, read and written on whole arrays at once."""

import numpy as np
from numpy.typing import NDArray

from schatten.lm.keys import Bytes, Rows

Floats = NDArray[np.float64]
PADDING = 32
"""Bytes that must follow the last number in a text."""
_MINUS, _POINT, _ZERO = b"-.0"
_DIGITS = 8
_LONGEST = 2 * _DIGITS
_ZEROS = np.uint64(0x3030303030303030)
_KEEP = np.array([(1 << 8 * count) - 1 for count in range(_DIGITS)] + [2**64 - 1], np.uint64)
PLACES = 7
"""Decimal places written: an error of 5e-8 in a base-10 logarithm is 1.2e-7 in a probability."""
_WIDTH = PLACES + 5


class BadNumberError(ValueError):
    """A text is no number; `row` is its row."""

    def __init__(self, row: int) -> None:
        super().__init__(f"row {row} is no number")
        self.row = row


def parse(text: Bytes, start: Rows, end: Rows) -> Floats:
    """Read the numbers at [start, end) of a text that goes on for `PADDING` bytes.

    Plain decimals of one or two digits before the point are read eight digits at a time; anything
    else, such as an exponent, by Python's `float`. Errors: `BadNumberError`.
    """
    negative = text[start] == _MINUS
    first = start + negative
    two = (text[first + 1] != _POINT) & (end - first > 1)
    point = first + 1 + two
    whole, plain = _whole(text, first, two)
    plain &= (end <= point) | (text[point] == _POINT)
    plain &= (end > first) & (end != point + 1)
    fraction, are_digits = _fraction(text, point + 1, np.maximum(end - point - 1, 0))
    values = whole + fraction
    np.negative(values, out=values, where=negative)
    for row in np.flatnonzero(~(plain & are_digits)):
        values[row] = _python_float(text[start[row] : end[row]].tobytes(), int(row))
    return values


def _whole(text: Bytes, first: Rows, two: NDArray[np.bool_]) -> tuple[Floats, NDArray[np.bool_]]:
    """Read one or two digits; return their value, and whether they are digits."""
    high, low = text[first] - _ZERO, text[first + 1] - _ZERO
    are_digits = (high < 10) & (~two | (low < 10))
    return np.where(two, high * 10.0 + low, high), are_digits


def _fraction(text: Bytes, first: Rows, count: Rows) -> tuple[Floats, NDArray[np.bool_]]:
    """Read up to 16 digits after the point; return their value, and whether they are digits."""
    value, are_digits = _eight_digits(text, first, np.minimum(count, _DIGITS))
    are_digits &= count <= _LONGEST
    value *= 1e-8
    long = np.flatnonzero(count > _DIGITS)
    more, are_more = _eight_digits(text, first[long] + _DIGITS, np.minimum(count[long], 16) - 8)
    value[long] += more * 1e-16
    are_digits[long] &= are_more
    return value, are_digits


def _eight_digits(text: Bytes, first: Rows, count: Rows) -> tuple[Floats, NDArray[np.bool_]]:
    """Read up to eight digits as if zeros followed them, a 64-bit word for each number."""
    words = np.ndarray(len(text) - _DIGITS, "<u8", text, strides=(1,))
    keep = _KEEP[count]
    word = (words[first] & keep) | (_ZEROS & ~keep)
    high = np.uint64(0xF0F0F0F0F0F0F0F0)
    are_digits = ((word & high) == _ZEROS) & (
        ((word + np.uint64(0x0606060606060606)) & high) == _ZEROS
    )
    word = (word & np.uint64(0x0F0F0F0F0F0F0F0F)) * np.uint64(2561) >> np.uint64(8)
    word = (word & np.uint64(0x00FF00FF00FF00FF)) * np.uint64(6553601) >> np.uint64(16)
    word = (word & np.uint64(0x0000FFFF0000FFFF)) * np.uint64(42949672960001) >> np.uint64(32)
    return word.astype(np.float64), are_digits


def _python_float(token: bytes, row: int) -> float:
    try:
        value = float(token)
    except ValueError:
        raise BadNumberError(row) from None
    if np.isnan(value) or b"_" in token:
        raise BadNumberError(row)
    return value


def render(values: Floats) -> tuple[Bytes, Rows, Rows]:
    """Write numbers of size below 1000 with `PLACES` decimal places, without trailing zeros.

    Returns a text, and where in it each number starts and how many bytes long it is.
    """
    scaled = np.rint(np.abs(values) * 10**PLACES).astype(np.int64)
    negative = (values < 0) & (scaled > 0)
    digits = _digits(scaled)
    zeros = np.cumprod(digits[:, :2] == _ZERO, axis=1).sum(axis=1)
    trailing = np.cumprod(digits[:, : -PLACES - 1 : -1] == _ZERO, axis=1).sum(axis=1)
    cells = np.empty((len(values), _WIDTH), np.uint8)
    cells[:, 0] = _MINUS
    cells[:, 1:4] = digits[:, :3]
    cells[:, 4] = _POINT
    cells[:, 5:] = digits[:, 3:]
    cells[negative, zeros[negative]] = _MINUS
    skip = 1 + zeros - negative
    lengths = _WIDTH - skip - trailing - (trailing == PLACES)
    return cells.reshape(-1), np.arange(len(values)) * _WIDTH + skip, lengths


def _digits(values: NDArray[np.int64]) -> Bytes:
    """Return the last ten decimal digits, most significant first."""
    powers = 10 ** np.arange(PLACES + 2, -1, -1)
    return (values[:, None] // powers % 10 + _ZERO).astype(np.uint8)
