"""What a training's utterances should write: labels, and graphs of all ways to write a text."""

from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor

from schatten.units.graph import StateGraph, segmentations
from schatten.units.spelled import SpelledUnits

_CACHED = 50_000
"""Texts whose graphs are held, about 10 kB each at most: they come again in every epoch."""


class Targets:
    """Turns the texts of utterances into what the loss is computed of."""

    def __init__(self, spelled: SpelledUnits, *, every: bool = False) -> None:
        """Take how words are written; `every`: the loss sums over all pronunciations of a word.

        With grams these are the segmentations of the text.
        """
        self.spelled = spelled
        self._every = every and spelled.has_choices
        self.graph = lru_cache(_CACHED)(self._graph)

    @property
    def error_rate(self) -> str:
        """What the unit error rate of these units is called."""
        return {"characters": "CER", "grams": "CER", "phones": "PER"}.get(
            self.spelled.units.kind, "UER"
        )

    def labels(self, text: str) -> Tensor:
        """Return the unit indices (L,) of a text, by each word's main pronunciation."""
        return torch.tensor(self.spelled.labels(text), dtype=torch.long)

    def shortest(self, text: str) -> Sequence[int]:
        """Return the labels of a text that fit the fewest frames, of those that count."""
        return self.spelled.counted(text, every=self._every)

    def _graph(self, text: str) -> StateGraph | None:
        """Return the graph of a text; None if one sequence of labels is all that counts."""
        if not self._every:
            return None
        if grams := self.spelled.units.grams:
            return segmentations(self.spelled.units.encode(text), grams)
        words = self.spelled.pronunciations(text)
        return None if all(len(one) == 1 for one in words) else self.spelled.graph(text)
