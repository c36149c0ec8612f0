"""How long the tree of tied phones takes, on made-up triphones."""

import time
from dataclasses import dataclass

import numpy as np

from schatten.units.arpabet import PHONES
from schatten.units.inventory import BLANK
from schatten.units.tree import grow, table_of
from schatten.units.triphones import Triphones, triphones_of

_FEATURES = 39
"""As those of alignments: three sections of 13 cepstra."""


@dataclass(frozen=True)
class TreeTimes:
    """CPU seconds of the steps from tokens to the unit of every triphone."""

    tokens: int
    triphones: int
    leaves: int
    adding: float
    """Adding up the features of each triphone."""
    growing: float
    """Growing the tree."""
    table: float
    """Looking up the unit of every triphone, seen or not."""


def made_up(tokens: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Draw tokens (N, 3) of phones with neighbours, and features (N, D) that depend on these.

    Phones are as unequally frequent as those of speech: the n-th most frequent one has a share that
    falls as 1 / (n + 3).
    """
    random = np.random.default_rng(seed)
    shares = 1 / (np.arange(len(PHONES)) + 4)
    said = random.choice(len(PHONES), size=(tokens, 3), p=shares / shares.sum()) + 1
    places = random.normal(size=(3, len(PHONES) + 1, _FEATURES))
    weights = np.array([0.5, 1.0, 0.5])[:, None]
    means = sum(weights[side] * places[side, said[:, side]] for side in range(3))
    return said, means + random.normal(size=(tokens, _FEATURES))


def time_tree(tokens: int, leaves: int, minimum: int) -> TreeTimes:
    """Return the times of a tree over made-up tokens."""
    said, features = made_up(tokens)
    began = time.process_time()
    found: Triphones = triphones_of((BLANK, *PHONES), said, features, 0, 1)
    added = time.process_time()
    tree = grow(found, leaves, minimum)
    grown = time.process_time()
    table = table_of(tree)
    ended = time.process_time()
    times = added - began, grown - added, ended - grown
    return TreeTimes(tokens, len(found.counts), int(table.max()), *times)
