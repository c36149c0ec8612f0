"""Prunes a model to a goal: a threshold, a number of n-grams, or megabytes."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from schatten.errors import UserError
from schatten.lm.backoff import renormalise
from schatten.lm.decimals import Floats
from schatten.lm.ngrams import Model
from schatten.lm.prune import Limits, limits
from schatten.lm.reader import read
from schatten.lm.trie_size import trie_bytes
from schatten.lm.writer import write
from schatten.recipe.language_models import Prune


@dataclass(frozen=True)
class Pruned:
    """The result of pruning."""

    threshold: float | None
    """n-grams that raise the perplexity by less than this share are removed; None for none."""
    before: list[int]
    """n-grams of the model, by order."""
    after: list[int]
    """n-grams that stayed, by order."""


def goal(**wish: float | None) -> Prune:
    """Return the goal of the options. Errors: `UserError` unless it is one goal above zero."""
    try:
        return Prune.model_validate(wish)
    except ValidationError as error:
        reasons = [_reason(entry) for entry in error.errors()]
        raise UserError(f"pruning: {'; '.join(reasons)}") from None


def _reason(entry: Any) -> str:
    place = "".join(f"{part}: " for part in entry["loc"])
    return place + str(entry["msg"]).removeprefix("Value error, ")


def prune_to(
    arpa: Path, output: Path, wish: Prune, history: Path | None, quantize_bits: int | None
) -> Pruned:
    """Write the pruned model; `quantize_bits` matters to a goal in megabytes alone.

    Errors: `UserError` for a malformed model, or a goal that its 1-grams alone exceed.
    """
    model = read(arpa)
    limit = limits(model, None if history is None else read(history))
    threshold = wish.threshold
    if threshold is None:
        threshold = _threshold(model, limit, wish, quantize_bits)
    kept = [stays >= threshold for stays in limit.ngrams]
    renormalise(model, kept)
    write(model, kept, output)
    before = [order.real for order in model.orders]
    after = [int(flags.sum()) for flags in kept]
    return Pruned(threshold if np.isfinite(threshold) else None, before, after)


def _threshold(model: Model, limit: Limits, wish: Prune, quantize_bits: int | None) -> float:
    """Return the smallest threshold at which the model is as small as the goal says."""
    size = _Size(model, limit, quantize_bits)
    levels = np.unique(np.concatenate([np.zeros(0), *limit.ngrams[1:]]))
    levels = levels[np.isfinite(levels)]
    steps = [-np.inf, *np.nextafter(levels, np.inf)]
    low, high = 0, len(steps) - 1
    if not size.fits(steps[high], wish):
        raise UserError(
            f"{model.path} cannot be pruned to {_said(wish)}: its {model.orders[0].real} 1-grams "
            "stay; ask for more, or limit the vocabulary"
        )
    while low < high:
        middle = (low + high) // 2
        if size.fits(steps[middle], wish):
            high = middle
        else:
            low = middle + 1
    return float(steps[low])


def _said(wish: Prune) -> str:
    return f"{wish.ngrams} n-grams" if wish.ngrams else f"{wish.megabytes} MB"


class _Size:
    """The size of a model at any threshold."""

    def __init__(self, model: Model, limit: Limits, quantize_bits: int | None) -> None:
        self._ngrams = [np.sort(stays) for stays in limit.ngrams]
        self._rows = [np.sort(stays) for stays in _with_blanks(model, limit)]
        words = model.orders[0]
        self._vocabulary_bytes = int((words.end - words.words + 1).sum())
        self._quantize_bits = quantize_bits

    def fits(self, threshold: float, wish: Prune) -> bool:
        """Whether what stays at a threshold is as small as the goal says."""
        if wish.ngrams is not None:
            return sum(_counts(self._ngrams, threshold)) <= wish.ngrams
        counts = _counts(self._rows, threshold)
        while len(counts) > 2 and counts[-1] == 0:
            counts.pop()
        size = trie_bytes(counts, self._vocabulary_bytes, self._quantize_bits)
        return wish.megabytes is not None and size <= wish.megabytes * 1e6


def _counts(sorted_limits: list[Floats], threshold: float) -> list[int]:
    return [len(stays) - int(np.searchsorted(stays, threshold)) for stays in sorted_limits]


def _with_blanks(model: Model, limit: Limits) -> list[Floats]:
    """Return up to which threshold each row is in the trie, as an n-gram or a suffix of one."""
    found = [np.full(len(order), -np.inf) for order in model.orders]
    for n in range(len(model.orders) - 1, -1, -1):
        order = model.orders[n]
        np.maximum(found[n][: order.real], limit.ngrams[n], out=found[n][: order.real])
        if n:
            np.maximum.at(found[n - 1], order.suffix, found[n])
    return found
