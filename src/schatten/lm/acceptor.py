"""A back-off model as a weighted acceptor of words (G), with one state for each history.

Backing off is an arc of its own that reads `backoff_label`. Its cost is minus the logarithm of the
back-off weight. So a word that has an n-gram can also be reached by backing off. Where that path is
cheaper, a search scores the word better than the model does.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from schatten.errors import UserError
from schatten.fst import Fst, fst_of
from schatten.lm.ngrams import Model, Order
from schatten.lm.reader import read

_LN_10 = float(np.log(10.0))
_NONE = -1

Index = NDArray[np.int64]


def acceptor(arpa: Path, word_labels: Mapping[str, int], backoff_label: int) -> Fst:
    """Read an ARPA file into an acceptor whose arcs write words and read them.

    Words that `word_labels` lacks are left out, `<unk>` with them. Back-off arcs read
    `backoff_label` and write nothing. Errors: `UserError` for a malformed file, and for one
    without sentence start and end.
    """
    model = read(arpa)
    marks, labels = _labels(model, word_labels)
    own = _own_states(model, marks["<s>"])
    goal = _goals(model, own)
    last = _last_words(model)
    columns: list[tuple[Index, Index, Index, Index]] = []
    costs = []
    final = np.full(1 + sum(int((states >= 0).sum()) for states in own), np.inf)
    for n, order in enumerate(model.orders):
        word = last[n][: order.real]
        cost = -_LN_10 * order.prob
        source = _sources(own, n, order)
        ends = word == marks["</s>"]
        final[source[ends]] = cost[ends]
        spoken = labels[word] > 0
        label = labels[word][spoken]
        columns.append((source[spoken], goal[n][: order.real][spoken], label, label))
        costs.append(cost[spoken])
    backing, weights = _back_offs(model, own, goal, backoff_label)
    start = int(own[0][marks["<s>"]])
    joined = [np.concatenate(parts) for parts in zip(*columns, backing, strict=True)]
    return fst_of(start, final, tuple(joined), np.concatenate([*costs, weights]))


def _labels(model: Model, word_labels: Mapping[str, int]) -> tuple[dict[str, int], Index]:
    """Return the rows of the sentence marks, and the label of every 1-gram (0: left out)."""
    order = model.orders[0]
    text = bytes(model.text)
    words = [
        text[begin:end].decode()
        for begin, end in zip(order.words.tolist(), order.end.tolist(), strict=True)
    ]
    missing = {"<s>", "</s>"} - set(words)
    if missing:
        raise UserError(f"{model.path} has no {' and no '.join(sorted(missing))}: it cannot decode")
    marks = {mark: words.index(mark) for mark in ("<s>", "</s>")}
    return marks, np.array([word_labels.get(word, 0) for word in words], np.int64)


def _own_states(model: Model, sentence_start: int) -> list[Index]:
    """Number the histories from 1; the empty history is state 0, and -1 is no state.

    A history is the beginning of some n-gram; the sentence's start is always one.
    """
    found, states = [], 1
    for n, order in enumerate(model.orders[:-1]):
        is_history = np.zeros(len(order), bool)
        above = model.orders[n + 1]
        is_history[above.prefix[: above.real]] = True
        if n == 0:
            is_history[sentence_start] = True
        found.append(np.where(is_history, states + np.cumsum(is_history) - 1, _NONE))
        states += int(is_history.sum())
    if not found:
        raise UserError(f"{model.path} has 1-grams alone: a decoding graph needs a longer model")
    return found


def _goals(model: Model, own: list[Index]) -> list[Index]:
    """Return, for every n-gram, the state of its longest suffix that is a history."""
    found: list[Index] = []
    for n, order in enumerate(model.orders):
        shorter = found[-1][order.suffix] if n else np.zeros(len(order), np.int64)
        found.append(np.where(own[n] >= 0, own[n], shorter) if n < len(own) else shorter)
    return found


def _last_words(model: Model) -> list[Index]:
    """Return the 1-gram that each n-gram ends with."""
    found = [np.arange(len(model.orders[0]))]
    for order in model.orders[1:]:
        found.append(found[-1][order.suffix])
    return found


def _sources(own: list[Index], n: int, order: Order) -> Index:
    """Return the state of all words but the last of the n-grams in the file."""
    if n == 0:
        return np.zeros(order.real, np.int64)
    return own[n - 1][order.prefix[: order.real]]


def _back_offs(
    model: Model, own: list[Index], goal: list[Index], label: int
) -> tuple[tuple[Index, Index, Index, Index], NDArray[np.float64]]:
    """Return the columns and costs of the arcs from a history to the next shorter one."""
    sources, targets, costs = [], [], []
    for n, states in enumerate(own):
        order = model.orders[n]
        rows = np.flatnonzero(states >= 0)
        sources.append(states[rows])
        targets.append(goal[n - 1][order.suffix[rows]] if n else np.zeros(len(rows), np.int64))
        costs.append(-_LN_10 * np.nan_to_num(order.bow[rows], nan=0.0))
    source = np.concatenate(sources)
    columns = (source, np.concatenate(targets), np.full(len(source), label), np.zeros_like(source))
    return columns, np.concatenate(costs)
