"""64-bit keys of byte strings, and a table that finds rows by key, on whole arrays at once."""

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
Keys = NDArray[np.uint64]
Rows = NDArray[np.int64]

_BASE = 0x9E6C63D0876A9A47
_INVERSE = pow(_BASE, -1, 2**64)


class Hasher:
    """Keys of slices of blocks of text: a polynomial of its bytes, modulo 2^64.

    The polynomial's base is odd and so has an inverse: one running sum over a block gives the key
    of any slice of it in constant time, and a slice's key does not depend on where it lies.
    Two different n-grams share a key with a probability of the order of 2^-60.
    """

    def __init__(self, longest: int) -> None:
        """Serve blocks of up to `longest` bytes."""
        self._powers = _powers(_BASE, longest)
        self._inverses = _powers(_INVERSE, longest + 1)
        self._sums: Keys = np.zeros(longest + 1, np.uint64)

    def load(self, block: Bytes) -> None:
        """Set the block that slices are taken from."""
        sums = self._sums[1 : len(block) + 1]
        np.multiply(self._powers[: len(block)], block, out=sums)
        np.cumsum(sums, out=sums)

    def keys(self, start: Rows, end: Rows) -> Keys:
        """Return the keys of the slices [start, end) of the block."""
        found = self._sums[end]
        found -= self._sums[start]
        found *= self._inverses[start]
        return found


def _powers(base: int, count: int) -> Keys:
    found = np.full(count, base, np.uint64)
    found[0] = 1
    return np.multiply.accumulate(found)


def key_of(text: bytes) -> np.uint64:
    """Return the key of one byte string."""
    hasher = Hasher(len(text))
    hasher.load(np.frombuffer(text, np.uint8))
    return np.uint64(hasher.keys(np.array([0]), np.array([len(text)]))[0])


class RepeatedKeyError(ValueError):
    """Two rows have one key; `row` is the later one."""

    def __init__(self, row: int) -> None:
        super().__init__(f"row {row} repeats an earlier one")
        self.row = row


class Table:
    """Finds rows by key: open addressing with linear probing, built and queried in bulk."""

    def __init__(self, keys: Keys) -> None:
        """Index `keys`, all different; `RepeatedKeyError` otherwise."""
        bits = max(4, (2 * len(keys)).bit_length())
        self._keys = keys
        self._shift = np.uint64(64 - bits)
        self._mask = (1 << bits) - 1
        self._slots = np.full(1 << bits, -1, np.int32)
        rows = np.arange(len(keys), dtype=np.int32)
        places = self._places(keys)
        while len(rows):
            free = self._slots[places] < 0
            self._slots[places[free]] = rows[free]
            owners = self._slots[places]
            left = owners != rows
            self._refuse_repeats(rows[left], owners[left])
            rows, places = rows[left], (places[left] + 1) & self._mask

    def _places(self, keys: Keys) -> Rows:
        return (keys >> self._shift).astype(np.int64)

    def _refuse_repeats(self, rows: NDArray[np.int32], owners: NDArray[np.int32]) -> None:
        same = self._keys[rows] == self._keys[owners]
        if same.any():
            raise RepeatedKeyError(int(np.maximum(rows[same], owners[same]).min()))

    def find(self, keys: Keys) -> NDArray[np.int32]:
        """Return the row of each key, -1 where there is none."""
        found = np.full(len(keys), -1, np.int32)
        asked = np.arange(len(keys))
        places = self._places(keys)
        while len(asked):
            owners = self._slots[places]
            taken = owners >= 0
            hit = taken & (self._keys[owners] == keys)
            found[asked[hit]] = owners[hit]
            on = taken & ~hit
            asked, keys, places = asked[on], keys[on], (places[on] + 1) & self._mask
        return found
