"""The hypotheses that sequence training compares, of their artifact: graphs of utterances."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from schatten.errors import UserError
from schatten.recipe.steps import Sequence
from schatten.runtime.files import read_jsonl
from schatten.units.graph import StateGraph
from schatten.units.lattices import (
    Costs,
    Lattice,
    Words,
    counted,
    counted_once,
    edits,
    expanded,
    of_arcs,
    of_paths,
    with_path,
)
from schatten.units.spelled import SpelledUnits

_MOST_ARCS = 300
"""Words of a lattice whose states are parted by errors; above, its best hypotheses stand for it.

The median of an utterance has about ten, one in a hundred has more than 150 before states are
parted. The longest graph of a batch would set the time of all.
"""
_CACHED = 20_000
"""Utterances whose graphs are held, some 10 kB each: they come again in every epoch."""


@dataclass(frozen=True)
class Comparison:
    """What the criterion of an utterance is computed of."""

    hypotheses: StateGraph
    """All paths of all hypotheses, the reference among them."""
    wrong: StateGraph | None
    """The same, weighing what they cost; None if nothing costs anything, and for `mmi`."""
    reference: StateGraph
    """The paths of the reference."""


class Comparisons:
    """Makes the comparison of each utterance of a training, once."""

    def __init__(self, path: Path, step: Sequence, spelled: SpelledUnits) -> None:
        """Read the hypotheses of a training split.

        Errors: `UserError` for a damaged file, and for one of other units.
        """
        rows = read_jsonl(path)
        head: Any = rows[0] if rows else None
        if not isinstance(head, dict) or not {"log_probabilities", "units"} <= head.keys():
            raise UserError(f"{path} holds no hypotheses: make it with `schatten hypotheses`")
        if head["units"] != json.loads(json.dumps(spelled.units.stored())):
            raise UserError(
                f"{path} was made for other units than the model's: make it again with "
                "`schatten hypotheses`"
            )
        self._path, self._step, self._spelled = path, step, spelled
        self._unigrams: Mapping[str, float] = head["log_probabilities"]
        try:
            self._found = {row["id"]: row for row in rows[1:]}
        except (KeyError, TypeError):
            raise UserError(f"{path} has a line that names no utterance: make it again") from None
        self.of = lru_cache(_CACHED)(self._of)

    def _of(self, utterance: str, text: str) -> Comparison:
        """Return the comparison of an utterance with its transcript.

        Errors: `UserError` for an utterance that was not recognised.
        """
        try:
            row = self._found[utterance]
        except KeyError:
            raise UserError(
                f"{self._path} has no hypotheses of {utterance}: make it again of the training's "
                "features"
            ) from None
        reference = tuple(text.split())
        alone = self._expanded(of_paths([(reference, 0)]))
        if self._step.criterion == "mwer":
            return self._compared(self._expanded(self._listed(row, reference)), alone)
        lattice = with_path(of_arcs(row["start"], row["arcs"], row["finals"]), reference)
        if self._step.criterion == "mmi":
            return self._compared(self._expanded(lattice), alone)
        risk = self._step.risk or "units"
        if risk == "frames":
            graph = self._expanded(lattice).graph
            wrong = counted_once(graph, len(self._spelled.units))
            return Comparison(graph, wrong, alone.graph)
        labels = (lambda word: (word,)) if risk == "words" else self._main_spelling
        parted = counted(lattice, reference, labels, _MOST_ARCS)
        if parted is None:
            paths = of_paths((words, 0) for words in self._words(row, reference))
            parted = counted(paths, reference, labels, len(reference) * 10**6)
        assert parted is not None
        return self._compared(self._expanded(parted), alone)

    def _main_spelling(self, word: str) -> tuple[int, ...]:
        return self._spelled.spelled(word)[0]

    def _words(self, row: Mapping[str, Any], reference: Words) -> list[Words]:
        return [reference, *(tuple(words.split()) for words in row["best"])]

    def _listed(self, row: Mapping[str, Any], reference: Words) -> Lattice:
        """Return the list of best hypotheses with their word errors, and the reference."""
        words = dict.fromkeys(self._words(row, reference))
        return of_paths((one, edits(one, reference)) for one in words)

    def _expanded(self, lattice: Lattice) -> Costs:
        units = self._spelled.units
        separator = None if units.separator is None else units.separator_index
        weight = self._step.lm_weight
        return expanded(
            lattice,
            self._spelled.spelled,
            lambda word: weight * self._unigrams.get(word, 0.0),
            separator,
        )

    def _compared(self, costs: Costs, reference: Costs) -> Comparison:
        is_mmi = self._step.criterion == "mmi"
        return Comparison(costs.graph, None if is_mmi else costs.weighted(), reference.graph)
