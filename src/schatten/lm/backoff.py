"""Back-off weights after pruning, so that the probabilities after every history sum to 1."""

import numpy as np

from schatten.lm.decimals import Floats
from schatten.lm.keys import Rows
from schatten.lm.ngrams import Model, Order
from schatten.lm.prune import Flags

_EPSILON = 1e-6
"""Probability masses below this are rounding errors of the logarithms in ARPA files."""
_ZERO = -99.0


def renormalise(model: Model, kept: list[Flags]) -> None:
    """Recompute the back-off weights of contexts of n-grams that stay; others have none (NaN).

    The weight of h is (1 - sum P(w|h)) / (1 - sum P(w|h')) over the w that stay after h, with h'
    being h without its first word (Katz, 1987). Where nothing is left to back off to, the
    probabilities after h are scaled to sum to 1.
    """
    values = model.orders[0].prob
    for n in range(1, len(model.orders)):
        order, lower = model.orders[n], model.orders[n - 1]
        rows = np.flatnonzero(kept[n])
        lower.bow = _weights(order, rows, values, len(lower))
        values = values[order.suffix] + np.nan_to_num(lower.bow)[order.prefix]
        values[rows] = order.prob[rows]


def _weights(order: Order, rows: Rows, values: Floats, count: int) -> Floats:
    """Return the weights of `count` contexts, and scale probabilities where that is needed."""
    prefix, prob = order.prefix[rows], order.prob[rows]
    left = 1.0 - np.bincount(prefix, 10.0**prob, count)
    lower = 1.0 - np.bincount(prefix, 10.0 ** values[order.suffix[rows]], count)
    full = lower < _EPSILON
    scaled = full & (left > _EPSILON)
    if scaled.any():
        order.prob[rows] = prob - np.where(scaled, np.log10(1.0 - left * scaled), 0.0)[prefix]
    weights = np.full(count, np.nan)
    contexts = np.unique(prefix)
    mass = np.maximum(left[contexts], 10.0**_ZERO)
    weights[contexts] = np.where(
        full[contexts], 0.0, np.log10(mass / np.maximum(lower[contexts], _EPSILON))
    )
    return weights
