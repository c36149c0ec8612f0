"""Deals the utterances of some splits into folds by speaker."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from schatten.corpus.utterance import Utterance
from schatten.errors import UserError
from schatten.recipe.corpus import Splits
from schatten.recipe.folds import Folds


def dealt(
    utterances: Sequence[Utterance], splits: Splits, number: int, folds: Folds
) -> list[Utterance]:
    """Return utterances with the splits of a fold: part `number` is tested, the next one is dev.

    Speakers with the most utterances are dealt first, each to the part with the fewest, so parts
    have nearly as many. Nothing is drawn.

    Errors: `UserError` for fewer speakers than folds.
    """
    part = parts_of(Counter(one.speaker for one in utterances), folds.count)
    dev = number % folds.count + 1
    names = {number: splits.test[0], dev: splits.dev}
    return [replace(one, split=names.get(part[one.speaker], splits.train)) for one in utterances]


def parts_of(speakers: Counter[str], count: int) -> dict[str, int]:
    """Return the part of each speaker, from 1; errors as in `dealt`."""
    if len(speakers) < count:
        raise UserError(
            f"{len(speakers)} speakers cannot be dealt into {count} folds: lower folds.count"
        )
    sizes = dict.fromkeys(range(1, count + 1), 0)
    part = {}
    for speaker, utterances in sorted(speakers.items(), key=lambda pair: (-pair[1], pair[0])):
        part[speaker] = min(sizes, key=lambda number: (sizes[number], number))
        sizes[part[speaker]] += utterances
    return part
