"""Words with spellings, and lattices of them drawn at random."""

from collections.abc import Iterator

import numpy as np

from schatten.units.lattices import Lattice, Words

SPELLINGS = {"a": ((1,),), "b": ((2,), (2, 1)), "ab": ((1, 2),), "c": ((3, 3), (1, 2))}


def drawn_words(generator: np.random.Generator, count: int) -> list[Words]:
    """Draw word sequences of up to three words, each once."""
    names = list(SPELLINGS)
    drawn = (
        tuple(names[place] for place in generator.integers(0, len(names), generator.integers(0, 4)))
        for _ in range(count)
    )
    return list(dict.fromkeys(drawn))


def sequences(lattice: Lattice) -> Iterator[tuple[Words, int]]:
    """Yield every word sequence of a lattice with its cost."""
    waiting: list[tuple[int, Words]] = [(0, ())]
    while waiting:
        state, words = waiting.pop()
        if state in lattice.finals:
            yield words, lattice.finals[state]
        if lattice.arcs:
            waiting += [(to, (*words, word)) for word, to in lattice.arcs[state].items()]
