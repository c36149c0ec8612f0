"""State graphs: the CTC paths of a text, as states that each emit one unit a frame.

A path enters a state from the start or from a state before it, and emits the state's unit in every
frame. It may end in a final state. The rules are those of CTC (Graves et al., 2006, section 3.1),
also from word to word: units may repeat, blanks stand anywhere between units, and a unit follows an
equal one only through a blank. Numpy alone: training and scoring read the same graphs.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BLANK_INDEX = 0
"""Index of CTC's blank in every inventory."""
START = -1
"""Stands before the first frame: among the states before a state, and among final states."""

Spelling = tuple[int, ...]
"""Unit indices of a word, at least one, no blank."""
_Rests = tuple[Spelling, ...]
"""What may still follow in a word: sorted, each once; () where it may end."""


@dataclass(frozen=True, eq=False)
class StateGraph:
    """The paths of a text over S states and A arcs."""

    units: NDArray[np.int64]
    """Unit index of each state (S,)."""
    sources: NDArray[np.int64]
    """Where each arc comes from (A,): a state or `START`; arcs sorted by the state they enter."""
    offsets: NDArray[np.int64]
    """Arcs into state s are `sources[offsets[s]:offsets[s + 1]]` (S + 1,)."""
    finals: NDArray[np.int64]
    """States in which a path may end (F,); `START` among them: also without a frame."""
    weights: NDArray[np.float64] | None = None
    """Log-weight of each arc (A,); None for 0."""
    final_weights: NDArray[np.float64] | None = None
    """Log-weight of ending in each final state (F,); None for 0."""

    def __len__(self) -> int:
        """Return the number of states."""
        return len(self.units)

    def table(self) -> NDArray[np.int64]:
        """Return the states before each state, (S, P); S is the start, S + 1 is padding.

        P is the largest number of arcs into a state.
        """
        states = len(self)
        counts = np.diff(self.offsets)
        rows = np.repeat(np.arange(states), counts)
        columns = np.arange(len(self.sources)) - np.repeat(self.offsets[:-1], counts)
        table = np.full((states, int(counts.max(initial=0))), states + 1)
        table[rows, columns] = np.where(self.sources == START, states, self.sources)
        return table


class GraphBuilder:
    """Adds states one after the other. `entries` are states, or `START`, that paths come from."""

    def __init__(self) -> None:
        self._units: list[int] = []
        self._before: list[list[int]] = []

    def add(self, unit: int, entries: Iterable[int]) -> int:
        """Return a new state of a unit that follows itself and any of `entries`.

        Entries of the same unit are left out: equal neighbours need a blank between them.
        """
        state = len(self._units)
        allowed = [one for one in entries if one == START or self._units[one] != unit]
        self._units.append(unit)
        self._before.append([*allowed, state])
        return state

    def add_blank(self, entries: Iterable[int]) -> int:
        """Return a new state of blanks."""
        return self.add(BLANK_INDEX, entries)

    @property
    def size(self) -> int:
        """Number of states so far."""
        return len(self._units)

    def add_label(self, unit: int, entries: Iterable[int]) -> list[int]:
        """Return the states of a unit once, and of the blanks after it."""
        state = self.add(unit, entries)
        return [state, self.add_blank([state])]

    def add_repeated(self, unit: int, entries: Iterable[int]) -> list[int]:
        """Return the states of a unit, once or more, and of the blanks after it."""
        state = self.add(unit, entries)
        blank = self.add_blank([state])
        self._before[state].append(blank)
        return [state, blank]

    def add_word(self, spellings: Iterable[Spelling], entries: Sequence[int]) -> list[int]:
        """Add a word that is spelled in any of these ways; return the states that it may end in.

        A spelling is one path of units through the new states, which spellings share: states with
        the same unit and the same rests are one, and so are the blanks before the same rests. So
        pronunciations that differ in one phone cost one state and seldom an arc more.
        Raises `ValueError` without a spelling, and for a spelling without a unit.
        """
        whole: _Rests = tuple(sorted(set(spellings)))
        if not whole or () in whole:
            raise ValueError(f"a word needs spellings of one unit or more, not {whole}")
        ends: list[int] = []
        waiting: dict[_Rests, dict[int, list[int]]] = {whole: {}}
        while waiting:
            # Rests come after longer ones alone: the longest has all its entries.
            rests = max(waiting, key=lambda some: max(map(len, some)))
            states = [self.add(unit, before) for unit, before in waiting.pop(rests).items()]
            reached = [*states, self.add_blank(states)] if states else list(entries)
            if () in rests:
                ends += reached
            for unit in sorted({rest[0] for rest in rests if rest}):
                after = tuple(rest[1:] for rest in rests if rest[:1] == (unit,))
                waiting.setdefault(after, {}).setdefault(unit, []).extend(reached)
        return ends

    def add_segmented(
        self, letters: Sequence[int], grams: Mapping[Spelling, int], entries: Sequence[int]
    ) -> list[int]:
        """Add letters in every segmentation into grams; return the states they may end in.

        There is one state for each gram that ends at a letter, and one for the blanks after it
        (Liu et al., 2017, section 3.2). `grams`: units by their letters, each letter among them or
        alone a unit.
        """
        longest = max(map(len, grams), default=1)
        ends = [list(entries)]
        for end in range(1, len(letters) + 1):
            states = []
            for start in range(max(0, end - longest), end):
                part = tuple(letters[start:end])
                unit = grams.get(part, part[0] if len(part) == 1 else None)
                if unit is not None:
                    states.append(self.add(unit, ends[start]))
            ends.append([*states, self.add_blank(states)])
        return ends[-1]

    def graph(self, finals: Iterable[int]) -> StateGraph:
        """Return the graph of all states so far, whose paths end in `finals`."""
        counts = [len(before) for before in self._before]
        return StateGraph(
            units=np.array(self._units, dtype=np.int64),
            sources=np.array([one for before in self._before for one in before], dtype=np.int64),
            offsets=np.cumsum([0, *counts], dtype=np.int64),
            finals=np.array(list(finals), dtype=np.int64),
        )


def linear(labels: Iterable[int]) -> StateGraph:
    """Return the paths of labels: blanks and labels in turn, 2 L + 1 states."""
    return pronunciations([((label,),) for label in labels])


def pronunciations(words: Iterable[Sequence[Spelling]]) -> StateGraph:
    """Return the paths of words that follow each other directly, each spelled in any of its ways.

    Equal spellings of a word count once. If two choices of spellings write the same units, as
    `a` `bb` and `ab` `b`, both count. Raises `ValueError` for a word without a spelling.
    """
    builder = GraphBuilder()
    ends = [START, builder.add_blank([START])]
    for spellings in words:
        ends = builder.add_word(spellings, ends)
    return builder.graph(ends)


def segmentations(letters: Sequence[int], grams: Mapping[Spelling, int]) -> StateGraph:
    """Return the paths of letters in every segmentation into grams, units by their letters."""
    builder = GraphBuilder()
    ends = [START, builder.add_blank([START])]
    return builder.graph(builder.add_segmented(letters, grams, ends))
