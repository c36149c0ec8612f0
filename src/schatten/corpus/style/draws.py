"""Random draws that depend only on a seed and a name, never on earlier draws."""

import hashlib
from random import Random

from schatten.recipe.styles import Range


def seed_of(seed: int, *names: str) -> int:
    """Hash a seed and names to an integer of 64 bits."""
    key = "/".join((str(seed), *names))
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big")


def random_of(seed: int, *names: str) -> Random:
    """Return the generator of a seed and names."""
    return Random(seed_of(seed, *names))


def within(interval: Range, random: Random) -> float:
    """Draw from an interval, to three decimals (so that files show the number that was used)."""
    return round(random.uniform(interval.low, interval.high), 3)
