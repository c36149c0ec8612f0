"""The decoding graph TLG: CTC topology, lexicon and language model composed into one transducer.

It reads the acoustic model's units (label: the unit's index and one) and writes words (label: the
word's place in the lexicon, from 1). Costs are the language model's alone, unweighted, in natural
logs. As in Mohri, Pereira, Riley: Speech recognition with weighted finite-state transducers (2008)
and Miao, Gowayyed, Metze: EESEN (2015), except that units with a separator must part words by it.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from schatten.artifacts import GraphNames
from schatten.decode.wfst.context import in_context, with_ctc
from schatten.errors import UserError
from schatten.fst import (
    EPSILON,
    Fst,
    determinised,
    from_kaldifst,
    fst_of,
    read_fst,
    to_mutable,
    write_fst,
)
from schatten.units import Units, read_spellings
from schatten.units.spelled import SpelledUnits
from schatten.units.tying import Tying

BLANK_LABEL = 1
_ROOT, _WORD_END, _SENTENCE_END = range(3)


@dataclass(frozen=True)
class Symbols:
    """Labels of a lexicon over an acoustic model's units."""

    units: Units
    words: tuple[str, ...]
    """In the order of the lexicon; the first has label 1."""
    entries: tuple[tuple[int, tuple[int, ...]], ...]
    """Labels of a word and of the units that spell it."""

    @property
    def word_labels(self) -> dict[str, int]:
        """Labels by word."""
        return {word: label for label, word in enumerate(self.words, start=1)}

    @property
    def back_off_word(self) -> int:
        """Label that the language model reads to back off (#0)."""
        return len(self.words) + 1

    @property
    def back_off_unit(self) -> int:
        """The same label among the units; disambiguation symbols follow it."""
        return len(self.units) + 1


def read_symbols(lexicon: Path, units: Units) -> Symbols:
    """Label a lexicon. Errors: `UserError` for a unit that the acoustic model lacks."""
    entries = read_spellings(lexicon, units)
    words = tuple(dict.fromkeys(word for word, _ in entries))
    word_labels = {word: label for label, word in enumerate(words, start=1)}
    spelled = (
        (word_labels[word], tuple(index + 1 for index in spelling)) for word, spelling in entries
    )
    return Symbols(units, words, tuple(dict.fromkeys(spelled)))


def topology(units: int) -> Fst:
    """Return CTC's topology over `units` units; the first is the blank.

    State 0 is that after a blank, state u that after the unit with index u: a repeat of it writes
    nothing. Every path of frames is read once.
    """
    arcs = [(0, 0, BLANK_LABEL, EPSILON)]
    for unit in range(1, units):
        arcs += [(0, unit, unit + 1, unit + 1), (unit, unit, unit + 1, EPSILON)]
        arcs.append((unit, 0, BLANK_LABEL, EPSILON))
        arcs += [(unit, to, to + 1, to + 1) for to in range(1, units) if to != unit]
    return _free(arcs, np.zeros(units))


def lexicon_transducer(symbols: Symbols) -> Fst:
    """Return L, which reads units and writes words.

    With a separator, one or more part words, and any may precede and follow them. Without one, a
    word begins where the word before it ends. Grams are arcs beside those of their letters, so that
    a word is read in any of its segmentations. Labels behind the units are disambiguation symbols.
    """
    back_off, separator = symbols.back_off_unit, symbols.units.separator
    if separator is None:
        end, states, finals = _ROOT, 1, [_ROOT]
        arcs = []
    else:
        end, states, finals = _WORD_END, 3, [_ROOT, _SENTENCE_END]
        space = symbols.units.separator_index + 1
        arcs = [(_ROOT, _ROOT, space, EPSILON), (_WORD_END, _ROOT, space, EPSILON)]
        arcs.append((_WORD_END, _SENTENCE_END, EPSILON, EPSILON))
    arcs += [(state, state, back_off, symbols.back_off_word) for state in finals]
    for word, labels in _distinct(symbols):
        between = list(range(states, states + len(labels) - 1))
        states += len(between)
        writes = [word] + [EPSILON] * len(between)
        places = [_ROOT, *between, end]
        arcs += zip(places[:-1], places[1:], labels, writes, strict=True)
        arcs += _gram_arcs(symbols.units, places, labels, word)
    final = np.full(states, np.inf)
    final[finals] = 0.0
    return _free(arcs, final)


def _gram_arcs(
    units: Units, places: Sequence[int], labels: Sequence[int], word: int
) -> Iterator[tuple[int, int, int, int]]:
    """Yield an arc for each gram of a spelling, from the place before its letters to that behind.

    `places` are states before, between and behind `labels`; arcs that leave the first write `word`.
    """
    if not units.grams:
        return
    longest = max(map(len, units.grams))
    for start in range(len(labels)):
        for end in range(start + 2, min(start + longest, len(labels)) + 1):
            gram = units.grams.get(tuple(label - 1 for label in labels[start:end]))
            if gram is not None:
                yield places[start], places[end], gram + 1, EPSILON if start else word


def _distinct(symbols: Symbols) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Yield words and their spellings, which disambiguation symbols make different.

    Without a separator, a spelling that begins another one ends in a symbol too (Mohri et al.):
    otherwise the labels would not tell where a word ends, and determinisation would not end.
    """
    begins: set[tuple[int, ...]] = set()
    if symbols.units.separator is None:
        for _, spelling in symbols.entries:
            begins.update(spelling[:length] for length in range(1, len(spelling)))
    seen: Counter[tuple[int, ...]] = Counter()
    for word, spelling in symbols.entries:
        symbol = seen[spelling] + (spelling in begins)
        seen[spelling] += 1
        yield word, (*spelling, symbols.back_off_unit + symbol) if symbol else spelling


def _free(arcs: list[tuple[int, int, int, int]], final: np.ndarray) -> Fst:
    """Return a transducer without costs that begins in state 0."""
    columns = tuple(np.array(arcs, np.int32).T)
    return fst_of(0, final, columns, np.zeros(len(arcs)))


def compose(
    symbols: Symbols, grammar: Fst, tying: Tying | None = None
) -> tuple[Fst, dict[str, tuple[int, int]]]:
    """Compose, determinise and minimise T, L and G (`schatten.lm.acceptor`).

    With `tying` the symbols are of phones, and C stands between T and L: the graph reads tied
    units. Returns the graph, and the states and arcs of each step's result.
    """
    import kaldifst

    lexicon, words = to_mutable(lexicon_transducer(symbols)), to_mutable(grammar)
    kaldifst.arcsort(lexicon, "olabel")
    kaldifst.arcsort(words, "ilabel")
    spelled = from_kaldifst(determinised(kaldifst.compose(lexicon, words)))
    steps = {"G": grammar, "LG": spelled}
    if tying is None:
        without = to_mutable(_without_disambiguation(spelled, len(symbols.units)))
        kaldifst.arcsort(without, "ilabel")
        ctc = to_mutable(topology(len(symbols.units)))
        kaldifst.arcsort(ctc, "olabel")
        whole = kaldifst.StdVectorFst(kaldifst.compose(ctc, without))
    else:
        steps["CLG"], steps["tied CLG"] = in_context(spelled, tying)
        whole = to_mutable(with_ctc(steps["tied CLG"], int(tying.table.max()) + 1))
    kaldifst.minimize_encoded(whole)
    kaldifst.arcsort(whole, "ilabel")
    graph = from_kaldifst(whole)
    if not graph.olabel.any():
        raise UserError("the language model has no word of the lexicon: make both of one text")
    steps["TLG" if tying is None else "TCLG"] = graph
    return graph, {name: (fst.states, fst.arcs) for name, fst in steps.items()}


def _without_disambiguation(fst: Fst, units: int) -> Fst:
    labels = np.where(fst.ilabel > units, EPSILON, fst.ilabel)
    columns = (fst.source, fst.target, labels, fst.olabel)
    return fst_of(fst.start, fst.final, columns, fst.cost)


@dataclass(frozen=True)
class Graph:
    """A decoding graph and the names of its labels."""

    fst: Fst
    units: Units
    """Of the acoustic model; the label of the first is 1."""
    words: list[str]
    """The label of the first is 1."""

    def words_of(self, labels: Sequence[int]) -> list[str]:
        """Return the words of labels."""
        return [self.words[label - 1] for label in labels]

    def require_units(self, units: Units, source: Path) -> None:
        """Refuse other units than the graph's, which was read from `source`, by a `UserError`."""
        if units != self.units:
            raise UserError(f"{source} was made for other units than the acoustic model's")


def names_of(path: Path) -> Path:
    """Return the file of the names of a graph's labels: `graph.fst.json` beside `graph.fst`."""
    return path.with_name(f"{path.name}.json")


def write_graph(
    path: Path, symbols: Symbols, grammar: Fst, spelled: SpelledUnits | None = None
) -> str:
    """Compose a graph and write it, the names of its labels to `names_of`; return its size.

    The graph reads the units of `spelled`, by default those of the symbols. Of tied phones the
    symbols are of the phones.
    """
    fst, steps = compose(symbols, grammar, None if spelled is None else spelled.tying)
    units = symbols.units if spelled is None else spelled.units
    value = {"units": units.stored(), "words": symbols.words, "states_and_arcs": steps}
    GraphNames.model_validate(value).write(names_of(path))
    write_fst(path, fst)
    sizes = (f"{name} {states} states, {arcs} arcs" for name, (states, arcs) in steps.items())
    return f"{'; '.join(sizes)}; {path.stat().st_size / 1e6:.1f} MB"


def read_graph(path: Path) -> Graph:
    """Read a graph that `write_graph` wrote; damage to it or its names is a `UserError`."""
    names = names_of(path)
    wrong = f"{names} names no units and words: make the graph again"
    fst, value = read_fst(path), GraphNames.read(names, wrong)
    count = len(value.units if isinstance(value.units, tuple) else value.units.names)
    words = list(value.words)
    if fst.arcs and (fst.ilabel.max() > count or fst.olabel.max() > len(words)):
        raise UserError(f"{names} does not belong to {path}: make the graph again")
    try:
        return Graph(fst, Units.from_stored(value.as_json()["units"]), words)
    except ValueError:
        raise UserError(wrong) from None
