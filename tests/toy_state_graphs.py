"""Words of several spellings drawn at random, and the frames of all their CTC paths."""

import itertools
from collections import Counter

import numpy as np

from schatten.units.graph import Spelling, StateGraph

Words = list[tuple[Spelling, ...]]


def draw_words(generator: np.random.Generator, units: int, most: int = 3) -> Words:
    """Draw up to `most` words of up to three spellings of up to three units."""
    return [
        tuple(
            tuple(generator.integers(1, units, generator.integers(1, 4)).tolist())
            for _ in range(generator.integers(1, 4))
        )
        for _ in range(generator.integers(0, most + 1))
    ]


def expected_paths(words: Words, frames: int, units: int) -> Counter[tuple[int, ...]]:
    """Return the units of all paths that write one choice of spellings, from all there are."""
    choices = Counter(
        tuple(unit for spelling in choice for unit in spelling)
        for choice in itertools.product(*(sorted(set(spellings)) for spellings in words))
    )
    found = {
        path: choices[tuple(unit for unit, _ in itertools.groupby(path) if unit)]
        for path in itertools.product(range(units), repeat=frames)
    }
    return Counter({path: count for path, count in found.items() if count})


def frames_needed(graph: StateGraph) -> int:
    """Return the frames of the shortest path; `ValueError` if no final state can be reached."""
    sources, offsets = graph.sources.tolist(), graph.offsets.tolist()
    unreached = len(graph) + 1
    frames = [unreached] * len(graph) + [0]  # the last is `START`'s
    changed = True
    while changed:  # twice, where all arcs but loops lead to higher states
        changed = False
        for state in range(len(graph)):
            arcs = sources[offsets[state] : offsets[state + 1]]
            found = 1 + min((frames[source] for source in arcs), default=unreached)
            if found < frames[state]:
                frames[state], changed = found, True
    needed = min((frames[final] for final in graph.finals.tolist()), default=unreached)
    if needed == unreached:
        raise ValueError("no final state of the graph can be reached")
    return needed
