"""Graphs of tied phones: a context transducer C between the lexicon and CTC's topology.

C reads triphones and writes phones, so that C o LG has every phone in its context, over the ends
of words too (Mohri, Pereira, Riley, 2008, section 4.3). As LG is deterministic and C writes a phone
for each triphone, C o LG is deterministic over triphones. Only then do triphones become units: two
that share one would leave nothing to determinise by.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from schatten.fst import EPSILON, Fst, determinised, from_kaldifst, fst_of, to_mutable
from schatten.units.tying import EDGE, Tying

_Column = NDArray[np.int64]


def context_transducer(phones: int, symbols: int) -> Fst:
    """Return C over `phones` places, the edge of an utterance among them.

    It reads triphones, labelled by `_label`, and writes phones, whose label is their place and one.
    Its states are a phone that was written, and the one that must follow; state 0 is the start.
    `symbols` disambiguation symbols, labelled behind the phones, pass through as labels behind the
    triphones.
    """
    places = np.arange(phones)
    left, phone, right = (one.ravel() for one in np.meshgrid(places, places[1:], places))
    # Paths begin and end at the edge: (edge, p, r) leaves the start, (l, p, edge) is the last.
    source = np.where(left == EDGE, 0, _state(left, phone, phones))
    target = _state(phone, right, phones)
    states = 1 + (phones - 1) * phones
    passing = np.repeat(np.arange(states), symbols)
    symbol = np.tile(np.arange(symbols), states)
    columns = (
        np.concatenate((source, passing)),
        np.concatenate((target, passing)),
        np.concatenate((_label(left, phone, right, phones), 1 + phones**3 + symbol)),
        np.concatenate((phone + 1, phones + 1 + symbol)),
    )
    final = np.full(states, np.inf)
    final[0] = 0.0
    final[_state(places[1:], np.full(phones - 1, EDGE), phones)] = 0.0
    return fst_of(0, final, columns, np.zeros(len(columns[0])))


def _state(phone: _Column, following: _Column, phones: int) -> _Column:
    return 1 + (phone - 1) * phones + following


def _label(left: _Column, phone: _Column, right: _Column, phones: int) -> _Column:
    found: _Column = 1 + (left * phones + phone) * phones + right
    return found


def in_context(spelled: Fst, tying: Tying) -> tuple[Fst, Fst]:
    """Return C o LG over triphones, and the same over units, determinised again and minimised.

    `spelled` is LG, which reads phones and disambiguation symbols. Labels of units are their index
    and one; no disambiguation symbol is left.
    """
    import kaldifst

    phones, units = len(tying.phones), int(tying.table.max()) + 1
    symbols = max(0, int(spelled.ilabel.max(initial=0)) - phones)
    context, words = to_mutable(context_transducer(phones, symbols)), to_mutable(spelled)
    kaldifst.arcsort(context, "olabel")
    kaldifst.arcsort(words, "ilabel")
    triphones = from_kaldifst(kaldifst.compose(context, words))
    unit_of = np.concatenate(([EPSILON], tying.table.ravel() + 1, units + 1 + np.arange(symbols)))
    tied = from_kaldifst(determinised(to_mutable(_relabelled(triphones, unit_of))))
    without = np.concatenate((np.arange(units + 1), np.full(symbols, EPSILON)))
    return triphones, _relabelled(tied, without)


def _relabelled(fst: Fst, labels: NDArray[Any]) -> Fst:
    columns = (fst.source, fst.target, labels[fst.ilabel], fst.olabel)
    return fst_of(fst.start, fst.final, columns, fst.cost)


def with_ctc(fst: Fst, units: int) -> Fst:
    """Return the composition of CTC's topology over `units` units with a graph that reads units.

    As `graph.topology` composed with it, but made directly: the topology has an arc for each pair
    of units, most of which never follow each other. States are those of the graph with the unit
    that was read last; 0 stands for the blank. A unit follows an equal one through a blank alone.
    """
    entered = fst.target * np.int64(units) + np.where(fst.ilabel > 0, fst.ilabel - 1, 0)
    reached = np.unique(np.concatenate(([fst.start * units], entered[fst.ilabel != EPSILON])))
    reads_nothing = np.flatnonzero(fst.ilabel == EPSILON)
    while True:  # once more for each arc without a unit in a row
        pairs, arcs = _leaving(reached // units, fst, reads_nothing)
        further = fst.target[arcs] * np.int64(units) + reached[pairs] % units
        both = np.unique(np.concatenate((reached, further)))
        if len(both) == len(reached):
            break
        reached = both
    blanks = np.unique(reached // units) * units
    reached = np.unique(np.concatenate((reached, blanks)))
    last = reached % units
    pairs, arcs = _leaving(reached // units, fst, np.arange(fst.arcs))
    read = np.where(fst.ilabel[arcs] == EPSILON, -1, fst.ilabel[arcs] - 1)
    allowed = (read != last[pairs]) | (read < 0)
    pairs, arcs, read = pairs[allowed], arcs[allowed], read[allowed]
    aim = fst.target[arcs] * np.int64(units) + np.where(read < 0, last[pairs], read)
    staying = np.arange(len(reached))
    to_blank = staying[last > 0]
    blank = np.searchsorted(reached, reached[to_blank] - last[to_blank])
    quiet = np.zeros(len(staying) + len(to_blank), np.int64)
    columns = (
        np.concatenate((pairs, staying, to_blank)),
        np.concatenate((np.searchsorted(reached, aim), staying, blank)),
        np.concatenate((fst.ilabel[arcs], last + 1, np.ones(len(to_blank), np.int64))),
        np.concatenate((fst.olabel[arcs], quiet)),
    )
    start = int(np.searchsorted(reached, fst.start * units))
    costs = np.concatenate((fst.cost[arcs], quiet))
    return fst_of(start, fst.final[reached // units], columns, costs)


def _leaving(states: _Column, fst: Fst, arcs: _Column) -> tuple[_Column, _Column]:
    """Return, for each of some states and each of `arcs` that leaves it, its place and the arc.

    `arcs` are sorted by their source, as those of a transducer are.
    """
    sources = fst.source[arcs]
    first = np.searchsorted(sources, states)
    counts = np.searchsorted(sources, states, side="right") - first
    places = np.repeat(np.arange(len(states)), counts)
    within = np.arange(len(places)) - np.repeat(np.cumsum(counts) - counts, counts)
    return places, arcs[first[places] + within]
