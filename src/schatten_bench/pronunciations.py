"""How well espeak-ng's rules pronounce words, beside the dictionary that has them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import kaldialign

from schatten.letters import lower
from schatten.recipe.units import Phones
from schatten.units.phones import by_rule, cmudict
from schatten.units.words import count_words


@dataclass(frozen=True)
class PhoneErrors:
    """Errors of pronunciations by rule, each against the nearest one of CMUdict."""

    words: int
    """Words that were compared."""
    wrong: int
    """Words with an error."""
    phones: int
    """Phones of CMUdict."""
    errors: int
    """Phones substituted, deleted and inserted."""
    confusions: list[tuple[str, str, int]]
    """Phones of CMUdict and of the rules, and how often; `*` where one has none; most frequent
    first."""

    @property
    def phone_error_rate(self) -> float:
        """Errors in % of the phones."""
        return 100 * self.errors / self.phones


def compare(text: Path, limit: int) -> PhoneErrors:
    """Compare the `limit` most frequent words of a text that CMUdict has.

    Words are taken in lower case; of equally frequent ones, the first in the order of letters.
    """
    counts: Counter[str] = Counter()
    for word, count in count_words([text]).items():
        counts[lower(word)] += count
    ranked = sorted(counts, key=lambda word: (-counts[word], word))
    words = [word for word in ranked if word in cmudict()][:limit]
    return compare_words(words)


def compare_words(words: Sequence[str]) -> PhoneErrors:
    """Compare words that CMUdict has."""
    wrong = phones = errors = 0
    confusions: Counter[tuple[str, str]] = Counter()
    language = Phones(type="phones").language
    for word in words:
        said = list(by_rule(word, language)[0])
        nearest = min(cmudict()[word], key=lambda one: _distance(list(one), said))
        phones += len(nearest)
        errors += _distance(list(nearest), said)
        wrong += tuple(said) != nearest
        pairs = kaldialign.align(list(nearest), said, "*")
        confusions.update((one, other) for one, other in pairs if one != other)
    ranked = sorted(confusions.items(), key=lambda item: (-item[1], item[0]))
    listed = [(one, other, count) for (one, other), count in ranked]
    return PhoneErrors(len(words), wrong, phones, errors, listed)


def _distance(one: list[str], other: list[str]) -> int:
    return int(kaldialign.edit_distance(one, other)["total"])
