"""Phones in their contexts: from the phones of words to tied units, as labels and as graphs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from schatten.artifacts import Inventory, PhoneTree
from schatten.errors import UserError
from schatten.runtime.files import sha256
from schatten.units.graph import START, GraphBuilder, Spelling, StateGraph
from schatten.units.inventory import PHONES, Units
from schatten.units.tree import table_of, unit_names

EDGE = 0
"""The neighbour of a phone at the edge of an utterance: the place of the blank."""


@dataclass(frozen=True, eq=False)
class Tying:
    """Which unit each phone is, by its neighbours."""

    phones: Units
    """The phones that words are spelled in."""
    table: NDArray[np.int64]
    """Unit index of each triphone (P, P, P), by left neighbour, phone and right neighbour."""

    @staticmethod
    def read(inventory: Path, stored: Inventory) -> "Tying":
        """Read `tree.json` beside an inventory of tied phones.

        Errors: `UserError` for a missing or damaged tree, and for one of another inventory.
        """
        path = inventory.with_name("tree.json")
        tree = PhoneTree.read(path)
        try:
            if sha256(path) != stored.tree_sha256 or unit_names(tree) != stored.names[1:]:
                raise ValueError(f"{inventory} was made with another one")
            return Tying(Units(PHONES, tuple(tree.phones), None), table_of(tree))
        except (IndexError, KeyError, ValueError) as error:
            raise UserError(f"{path} is damaged ({error}): make both again") from None

    def labels(self, phones: Sequence[int]) -> list[int]:
        """Return the units of the phones of an utterance."""
        padded = [EDGE, *phones, EDGE]
        found: list[int] = self.table[padded[:-2], padded[1:-1], padded[2:]].tolist()
        return found

    def graph(self, words: Iterable[Sequence[Spelling]]) -> StateGraph:
        """Return the paths of words that follow each other directly, in any of their spellings.

        Spellings are of phones, and the context of a phone reaches over the ends of its word. Each
        choice of spellings is one path of units. Raises `ValueError` for a word without a spelling.
        """
        places: list[_Place] = []
        before: list[_Place] = [_Place(EDGE, ())]
        for spellings in words:
            ends: list[_Place] = []
            for spelling in sorted(set(spellings)):
                previous = before
                for phone in spelling:
                    place = _Place(phone, previous)
                    previous = [place]
                    places.append(place)
                ends += previous
            if not ends or () in spellings:
                raise ValueError(f"a word needs spellings of one phone or more, not {spellings}")
            before = ends
        for place in places:
            for earlier in place.before:
                earlier.following.add(place.phone)
        for end in before:
            end.following.add(EDGE)
        return self._expanded(places, before)

    def _expanded(self, places: Sequence["_Place"], ends: Sequence["_Place"]) -> StateGraph:
        """Return the graph of places, each once for every phone that may follow it.

        A phone's unit depends on the phone before it too: places before it that lead to one unit
        share its state. The blank after it is of all.
        """
        builder = GraphBuilder()
        start = [START, builder.add_blank([START])]
        reached: dict[tuple[_Place, int], list[int]] = {}
        for place in places:
            for following in sorted(place.following):
                entries: dict[int, list[int]] = {}
                for earlier in place.before:
                    unit = int(self.table[earlier.phone, place.phone, following])
                    states = start if earlier.phone == EDGE else reached[earlier, place.phone]
                    entries.setdefault(unit, []).extend(states)
                states = [builder.add(unit, those) for unit, those in entries.items()]
                reached[place, following] = [*states, builder.add_blank(states)]
        finals = [start if end.phone == EDGE else reached[end, EDGE] for end in ends]
        return builder.graph(state for states in finals for state in states)


@dataclass(frozen=True, eq=False)
class _Place:
    """A phone at its place in one spelling of a word; the phone `EDGE` is the start."""

    phone: int
    before: "Sequence[_Place]"
    following: set[int] = field(default_factory=set)
    """Phones that may come next."""
