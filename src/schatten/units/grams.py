"""Grams: sequences of letters as units of their own (Gram-CTC; Liu et al., 2017).

A text has as many labels sequences as it has segmentations into grams, and all of them count. Every
letter is a unit too, so each text has one. Grams lie inside words: the space is a unit alone.
"""

from collections import Counter
from collections.abc import Collection, Mapping

from schatten.errors import UserError
from schatten.recipe.units import Grams
from schatten.units.inventory import SPACE
from schatten.units.words import Spelling, Spellings

ORIGIN = "letters"


def spell(
    words: Collection[str], training: Mapping[str, int], alphabet: str, settings: Grams
) -> tuple[list[str], Spellings]:
    """Return the names of the units, the space and the letters first, and the words' letters.

    `training`: how often the training text has each word. Grams are those that it has
    most often; of equally frequent ones the first in the order of letters.

    Errors: `UserError` for a word outside the alphabet, and for a count that the text cannot give.
    """
    strange = sorted(word for word in words if not set(word) <= set(alphabet))
    if strange:
        raise UserError(
            f"the texts have {len(strange)} words outside the recipe's text.alphabet, such as "
            f"{', '.join(strange[:5])}: normalise the text, or add the characters"
        )
    longest, count = settings.longest, settings.count
    found = frequencies(training, longest)
    if len(found) < count:
        raise UserError(
            f"the training transcripts have {len(found)} grams of 2 to {longest} letters, not "
            f"{count}: lower the units' `count`"
        )
    chosen = sorted(found, key=lambda gram: (-found[gram], gram))[:count]
    names = [SPACE, *alphabet, *chosen]
    return names, {word: [Spelling(tuple(word), ORIGIN)] for word in sorted(words)}


def frequencies(training: Mapping[str, int], longest: int) -> Counter[str]:
    """Count the grams of 2 to `longest` letters of some words, overlapping ones too."""
    found: Counter[str] = Counter()
    for word, times in training.items():
        for length in range(2, longest + 1):
            for start in range(len(word) - length + 1):
                found[word[start : start + length]] += times
    return found
