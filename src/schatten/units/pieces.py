"""Pieces of words by byte-pair encoding (Sennrich, Haddow and Birch, 2016), in whole characters.

A word begins as its characters. The pair of neighbours that is most frequent in the training text
becomes one piece, again and again. A word is spelled by the same merges in the same order, so each
has one spelling. The first piece of a word begins with `WORD_START`, which makes it another piece
than the same letters inside a word.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from heapq import heapify, heappop, heappush
from itertools import pairwise

from schatten.errors import UserError
from schatten.units.inventory import WORD_START
from schatten.units.words import Spelling, Spellings

ORIGIN = "pieces"
_ALL = 1_000_000
"""More merges than any text has."""
Pair = tuple[str, str]


def spell(
    words: Collection[str], training: Mapping[str, int], count: int
) -> tuple[list[str], Spellings]:
    """Return the names of `count` pieces, characters first, and the spellings of words.

    `training`: how often the training text has each word.

    A character that the training text lacks is a piece too, which a model learns not to write.
    Errors: `UserError` for a count that the training text cannot give.
    """
    alphabet = sorted({character for word in (*training, *words) for character in word})
    if WORD_START in alphabet:
        raise UserError(f"the texts hold {WORD_START!r}, which marks the start of a word")
    characters = [WORD_START + character for character in alphabet] + alphabet
    merges = learn(training, max(0, count - len(characters)))
    if len(characters) + len(merges) != count:
        most = len(characters) + len(learn(training, _ALL))
        raise UserError(
            f"the training transcripts give {len(characters)} to {most} pieces, not {count}: "
            "change the units' `count`"
        )
    order = {pair: number for number, pair in enumerate(merges)}
    names = characters + ["".join(pair) for pair in merges]
    return names, {word: [Spelling(tuple(split(word, order)), ORIGIN)] for word in sorted(words)}


def learn(training: Mapping[str, int], count: int) -> list[Pair]:
    """Return the first `count` merges; fewer if no pair occurs twice any more.

    Of equally frequent pairs the first in the order of characters is taken. A pair whose piece
    another pair has made already is passed over, so that all pieces differ.
    """
    spelled = {word: _characters(word) for word in sorted(training) if word}
    frequency: Counter[Pair] = Counter()
    holders: defaultdict[Pair, set[str]] = defaultdict(set)
    for word in spelled:
        _count(spelled, word, training[word], frequency, holders)
    # Entries whose count has changed since are passed over, as a new entry was made then.
    queue = [(-times, pair) for pair, times in frequency.items()]
    heapify(queue)
    merges: dict[str, Pair] = {}
    while queue and len(merges) < count:
        negative, pair = heappop(queue)
        piece = "".join(pair)
        if -negative != frequency[pair] or -negative < 2 or piece in merges:
            continue
        merges[piece] = pair
        changed: set[Pair] = set()
        for word in holders.pop(pair):
            changed |= _count(spelled, word, -training[word], frequency, holders)
            spelled[word] = _merge(spelled[word], pair)
            changed |= _count(spelled, word, training[word], frequency, holders)
        for one in changed:
            heappush(queue, (-frequency[one], one))
    return list(merges.values())


def split(word: str, order: Mapping[Pair, int]) -> list[str]:
    """Return the pieces of a word by merges that were learned, with their order."""
    return _merge_all(_characters(word), order)


def _merge_all(pieces: list[str], order: Mapping[Pair, int]) -> list[str]:
    while found := [pair for pair in pairwise(pieces) if pair in order]:
        pieces = _merge(pieces, min(found, key=lambda pair: order[pair]))
    return pieces


def merges_of(names: Sequence[str]) -> dict[Pair, int]:
    """Return the merges that made an inventory's pieces, in their order: `split` spells by them.

    A piece is what its own two parts are merged to, and earlier merges leave these.
    """
    order: dict[Pair, int] = {}
    for name in names[1:]:
        whole = name.removeprefix(WORD_START)
        parts = [name] if len(whole) < 2 else _merged(name, order)
        if len(parts) == 2:
            order[parts[0], parts[1]] = len(order)
    return order


def _merged(name: str, order: Mapping[Pair, int]) -> list[str]:
    """Return what a piece's characters are merged to by the merges before it."""
    if name.startswith(WORD_START):
        return split(name.removeprefix(WORD_START), order)
    return _merge_all(list(name), order)


def _characters(word: str) -> list[str]:
    return [WORD_START + word[0], *word[1:]]


def _count(
    spelled: Mapping[str, Sequence[str]],
    word: str,
    times: int,
    frequency: Counter[Pair],
    holders: defaultdict[Pair, set[str]],
) -> set[Pair]:
    """Count the pairs of a word `times` times, less if negative; return them."""
    pairs = list(pairwise(spelled[word]))
    for pair in pairs:
        frequency[pair] += times
        holders[pair].add(word)
    return set(pairs)


def _merge(pieces: Sequence[str], pair: Pair) -> list[str]:
    """Join each occurrence of a pair, from the left."""
    merged: list[str] = []
    position = 0
    while position < len(pieces):
        if tuple(pieces[position : position + 2]) == pair:
            merged.append("".join(pair))
            position += 2
        else:
            merged.append(pieces[position])
            position += 1
    return merged
