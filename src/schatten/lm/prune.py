"""Entropy pruning of back-off n-grams (Stolcke, 1998) on linked arrays: which n-grams stay.

SRILM's `ngram -prune` is matched n-gram for n-gram, and therefore its arithmetic too: base-10
logarithms are 32-bit floats, probabilities 64-bit ones, and sums within 3e-6 of zero are zero.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from schatten.lm.decimals import Floats
from schatten.lm.keys import Rows, Table, key_of
from schatten.lm.ngrams import Model, Order

Logs = NDArray[np.float32]
Flags = NDArray[np.bool_]
_LN10 = np.log(10.0)
_EPSILON = 3e-6
_PSEUDO_ZERO = -99.0
"""ARPA files write this for the logarithm of zero."""


@dataclass
class Limits:
    """The highest threshold at which each row of each order stays; 1-grams stay at any.

    An n-gram of the file stays, and the node of a context exists, at every threshold up to the
    limit. So one comparison says what stays at a threshold, and no search is needed for a size.
    """

    ngrams: list[Floats]
    """By order, for the n-grams of the file."""
    nodes: list[Floats]
    """By order, for all rows as contexts: minus infinity where nothing hangs on them."""


def limits(model: Model, history: Model | None = None) -> Limits:
    """Return up to which threshold each n-gram stays.

    The criterion is the relative increase of the model's own perplexity, exp(D) - 1 with D of
    Stolcke (1998), eq. 3 to 8; histories are weighted by `history` where given, since the lower
    orders of a Kneser-Ney model are no marginals. An n-gram that is, or whose left extension is,
    the context of one that stays, stays too. Values are what SRILM compares with its threshold.
    """
    increases, stuck = _increases(model, history)
    nodes = [np.full(len(order), -np.inf) for order in model.orders]
    ngrams = [np.full(model.orders[0].real, np.inf)] * len(model.orders)
    for n in range(len(model.orders) - 1, 0, -1):
        order = model.orders[n]
        ngrams[n] = np.maximum(increases[n], nodes[n][: order.real])
        below = nodes[n - 1]
        np.maximum.at(below, order.prefix[: order.real], ngrams[n])
        np.maximum.at(below, order.suffix, nodes[n])
        below[stuck[n - 1]] = np.inf
    return Limits(ngrams, nodes)


def _increases(model: Model, history: Model | None) -> tuple[list[Floats], list[Flags]]:
    """Return, by order, the perplexity increases, and the contexts in which nothing is pruned."""
    values = _backed_off(model, model)
    contexts = _context_logprobs(model, values if history is None else _backed_off(model, history))
    increases, stuck = [np.zeros(0)], []
    for n in range(1, len(model.orders)):
        order, lower = model.orders[n], model.orders[n - 1]
        context = _Contexts(order, _logs(lower.bow), contexts[n - 1], values[n - 1])
        increases.append(context.increases())
        stuck.append(context.stuck)
    return increases, [*stuck, np.zeros(len(model.orders[-1]), np.bool_)]


def _logs(values: Floats) -> Logs:
    """Return logarithms as SRILM stores them: a missing one is 0, and -99 is that of zero."""
    logs = np.where(np.isnan(values), 0.0, values).astype(np.float32)
    logs[logs == _PSEUDO_ZERO] = -np.inf
    return logs


def _backed_off(model: Model, source: Model) -> list[Logs]:
    """Return, by order, log P(last word | others) under `source` for every row of `model`.

    Where the source lacks an n-gram, its longest known suffix is taken. The back-off weights of the
    contexts are added first, from the shortest to the longest.
    """
    found: list[tuple[Logs, Logs, Logs]] = []
    for n, order in enumerate(model.orders):
        prob, bow, rows = _look_up(order, source, n)
        weight = np.zeros(len(order), np.float32)
        if n:
            back = np.flatnonzero(rows < 0)
            prob[back] = found[-1][0][order.suffix[back]]
            weight[back] = found[-1][1][order.suffix[back]] + found[-1][2][order.prefix[back]]
        found.append((prob, weight, bow))
    return [prob + weight for prob, weight, _ in found]


def _look_up(order: Order, source: Model, n: int) -> tuple[Logs, Logs, Rows]:
    """Return a source's probabilities and back-off weights of the rows of an order, and its rows.

    Rows that the source lacks have a probability of zero, a weight of one, and row -1.
    """
    rows = np.full(len(order), -1)
    prob = np.full(len(order), -np.inf, np.float32)
    bow = np.zeros(len(order), np.float32)
    other = source.orders[n] if n < len(source.orders) else None
    if other is not None and other.real:
        rows = np.arange(len(order)) if other is order else Table(other.key).find(order.key)
        bow = np.where(rows < 0, np.float32(0), _logs(other.bow)[rows])
        rows = np.where(rows < other.real, rows, -1)
        prob = np.where(
            rows < 0, np.float32(-np.inf), _logs(other.prob)[np.minimum(rows, other.real - 1)]
        )
    return prob, bow, rows


def _context_logprobs(model: Model, values: list[Logs]) -> list[Logs]:
    """Return, by order, the log-probability of all words of each row, one after the other.

    A sentence start gets the probability of a sentence end.
    """
    first = values[0].copy()
    start, end = Table(model.orders[0].key).find(np.array([key_of(b"<s>"), key_of(b"</s>")]))
    if start >= 0 and end >= 0:
        first[start] = first[end]
    found = [first]
    for order, value in zip(model.orders[1:], values[1:], strict=True):
        found.append(found[-1][order.prefix] + value)
    return found


class _Contexts:
    """The contexts of one order, as SRILM's computeBOW and pruneProbs see them."""

    def __init__(self, order: Order, bow: Logs, logprob: Logs, values: Logs) -> None:
        self._prefix = order.prefix[: order.real]
        self._bow = bow
        self._logprob = logprob
        self._prob = _logs(order.prob)
        self._lower = values[order.suffix[: order.real]]
        self._left = 1.0 - self._sums(self._prob)
        self._left_lower = 1.0 - self._sums(self._lower)
        self.stuck = self._settle()

    def _sums(self, logs: Logs) -> Floats:
        sums = np.bincount(self._prefix, _exp10(logs), minlength=len(self._bow))
        return sums.astype(np.float64, copy=False)

    def _settle(self) -> Flags:
        """Treat masses near zero as zero; return the contexts whose sums make no sense."""
        left, lower = self._left, self._left_lower
        left[np.abs(left) < _EPSILON] = 0.0
        lower[np.abs(lower) < _EPSILON] = 0.0
        full = (lower < _EPSILON) & (left > _EPSILON)
        scale = -np.log10(1 - left, where=full, out=np.zeros(len(left))).astype(np.float32)
        self._prob += scale[self._prefix]
        none = full | ((left == 0.0) & (lower <= 0.0))
        left[none] = 0.0
        lower[none] = 0.0
        return left < 0.0

    def increases(self) -> Floats:
        """Return the relative increase of perplexity without each n-gram; infinite if it stays."""
        prefix, prob, lower = self._prefix, self._prob, self._lower
        p = _exp10(prob)
        left = self._left[prefix]
        with np.errstate(invalid="ignore", divide="ignore"):
            new_bow = np.log10(left + p) - np.log10(self._left_lower[prefix] + _exp10(lower))
            new_bow = new_bow.astype(np.float32)
            change = p * (lower + new_bow - prob) + left * (new_bow - self._bow[prefix])
            increase = _exp10(-_exp10(self._logprob)[prefix] * change) - 1.0
        return np.where(np.isnan(increase) | self.stuck[prefix], np.inf, increase)


def _exp10(logs: NDArray[np.floating]) -> Floats:
    return np.exp(logs * _LN10)
