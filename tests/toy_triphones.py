"""Made-up triphones over five phones of CMUdict, whose features depend on a neighbour."""

import numpy as np

from schatten.units import BLANK
from schatten.units.triphones import Triphones, triphones_of

PHONES = (BLANK, "AA", "B", "K", "N", "S")
AA, B, K, N, S = range(1, 6)


def triphones(seed: int = 0, tokens: int = 2000) -> Triphones:
    """B differs by whether the phone before it is a vowel, AA by whether K follows.

    The others are the same everywhere. `K B K`, `N B N` and `S B S` are never said.
    """
    random = np.random.default_rng(seed)
    said = random.integers(1, 6, size=(tokens, 3))
    said = said[~((said[:, 1] == B) & (said[:, 0] == said[:, 2]) & np.isin(said[:, 0], (K, N, S)))]
    features = random.normal(scale=0.1, size=(len(said), 4))
    features[:, 0] += said[:, 1]
    features[:, 1] += 3.0 * ((said[:, 1] == B) & (said[:, 0] == AA))
    features[:, 2] += 2.0 * ((said[:, 1] == AA) & (said[:, 2] == K))
    return triphones_of(PHONES, said, features, 7, 100)
