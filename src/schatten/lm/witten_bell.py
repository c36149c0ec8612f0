"""Witten-Bell n-grams, whose lower orders are those of the text: for weighting histories.

They are not meant for decoding: KenLM's Kneser-Ney estimates predict better. But Kneser-Ney's lower
orders count in how many contexts a word occurs, not how often. So they misjudge how often a history
occurs (Siivola et al., 2007; Chelba et al., 2010).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from schatten.errors import UserError
from schatten.lm.decimals import Floats
from schatten.lm.keys import Rows
from schatten.lm.writer import open_output
from schatten.runtime.files import read_lines

_SPECIAL = ("<s>", "</s>", "<unk>")
_START, _END, _UNKNOWN = range(3)
_ZERO = -99.0


@dataclass
class _Order:
    """The different n-grams of one order; 1-grams are the words."""

    word: Rows
    """The last word."""
    count: Rows
    """How often it occurs."""
    prob: Floats
    """P(last word | others)."""
    prefix: Rows
    """Row, one order below, of all words but the last; none for 1-grams."""
    at: Rows
    """Row of the n-gram that ends at each place of the text, if there is one."""


def estimate(text: Path, order: int, output: Path) -> None:
    """Write the Witten-Bell model of a text, a sentence a line (`.gz` too), as an ARPA file.

    P(w|h) = (c(hw) + T(h) P(w|h')) / (c(h) + T(h)) with T(h) the number of different words after h
    (Witten & Bell, 1991, method C); 1-grams back off to a uniform distribution that <unk> shares.
    """
    words, places = _read(text)
    orders = [_words(places, len(words))]
    weights = []
    for _ in range(1, order):
        orders.append(_longer(orders[-1], places, len(orders), len(words)))
        weights.append(_weights(orders[-1], len(orders[-2].word)))
    weights.append(np.full(len(orders[-1].word), np.nan))
    with open_output(output) as file:
        for part in _lines(words, orders, weights):
            file.write(part.encode())


def _read(text: Path) -> tuple[list[str], Rows]:
    """Return the words, and the sentences with starts and ends as indices of words."""
    index = {word: row for row, word in enumerate(_SPECIAL)}
    found: list[int] = []
    for sentence in filter(None, map(str.split, read_lines(text))):
        found.append(_START)
        found += [index.setdefault(word, len(index)) for word in sentence]
        found.append(_END)
    if not found:
        raise UserError(f"{text} is empty: a language model needs sentences, one a line")
    return list(index), np.array(found)


def _words(places: Rows, vocabulary: int) -> _Order:
    count = np.bincount(places, minlength=vocabulary)
    count[_START] = 0
    different = int((count > 0).sum())
    prob = (count + different / (different + 1)) / (count.sum() + different)
    prob[_START] = 10**_ZERO
    rows = np.arange(vocabulary)
    return _Order(rows, count, prob, rows[:0], places)


def _longer(lower: _Order, places: Rows, length: int, vocabulary: int) -> _Order:
    """Return the n-grams of one word more than the `length` of `lower`."""
    started = np.maximum.accumulate(np.where(places == _START, np.arange(len(places)), 0))
    ends = np.flatnonzero(np.arange(len(places)) - started >= length)
    keys = lower.at[ends - 1] * vocabulary + places[ends]
    keys, first, rows, count = np.unique(
        keys, return_index=True, return_inverse=True, return_counts=True
    )
    prefix, word = np.divmod(keys, vocabulary)
    seen = np.bincount(prefix, count, len(lower.word))[prefix]
    different = np.bincount(prefix, minlength=len(lower.word))[prefix]
    prob = (count + different * lower.prob[lower.at[ends[first]]]) / (seen + different)
    at = np.zeros(len(places), np.int64)
    at[ends] = rows
    return _Order(word, count, prob, prefix, at)


def _weights(order: _Order, contexts: int) -> Floats:
    """Return the logarithm of the back-off weight T(h) / (c(h) + T(h)); NaN where h has none."""
    seen = np.bincount(order.prefix, order.count, contexts)
    different = np.bincount(order.prefix, minlength=contexts)
    some = different > 0
    share = np.divide(different, seen + different, where=some, out=np.full(contexts, np.nan))
    return np.log10(share)


def _lines(words: list[str], orders: list[_Order], weights: list[Floats]) -> Iterator[str]:
    """Yield the parts of the ARPA file."""
    counts = "".join(f"ngram {n}={len(order.word)}\n" for n, order in enumerate(orders, 1))
    yield f"\\data\\\n{counts}"
    names = words
    for n, (order, weight) in enumerate(zip(orders, weights, strict=True), 1):
        if n > 1:
            pairs = zip(order.prefix.tolist(), order.word.tolist(), strict=True)
            names = [f"{names[prefix]} {words[word]}" for prefix, word in pairs]
        yield f"\n\\{n}-grams:\n"
        rows = zip(np.log10(order.prob).tolist(), names, weight.tolist(), strict=True)
        yield "".join(_line(*row) for row in rows)
    yield "\n\\end\\\n"


def _line(prob: float, name: str, weight: float) -> str:
    bow = "" if math.isnan(weight) else f"\t{weight:.7f}"
    return f"{prob:.7f}\t{name}{bow}\n"
