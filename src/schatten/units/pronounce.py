"""Words files for the engine: new words, spelled in a model's units."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from schatten.artifacts import Inventory
from schatten.errors import UserError
from schatten.letters import composed, named, unseen
from schatten.recipe.units import Phones
from schatten.units.inventory import CHARACTERS, GRAMS, PHONES, TIED, Units, characters
from schatten.units.phones import Pronouncer
from schatten.units.pieces import merges_of, split

HIGHEST_BOOST = 50.0
"""As the engine takes it."""
IN_PHRASE = 0.0
"""Boost of a new word of a phrase: the phrase has one."""


@dataclass(frozen=True)
class Speller:
    """Spells words in the units of a model."""

    units: Units
    language: str | None = None
    """Language of phones, as espeak-ng calls it."""

    @staticmethod
    def of_inventory(inventory: Inventory) -> "Speller":
        """Return the speller of a set of phones, pieces or grams.

        Errors: `UserError` for tied phones, which the engine does not search.
        """
        if inventory.kind == TIED:
            raise UserError(
                f"{inventory.name} are tied phones, which the engine does not search: give the "
                "units of a model of phones or pieces"
            )
        units = Units(inventory.kind, tuple(inventory.names), inventory.separator)
        return Speller(units, inventory.language)

    @staticmethod
    def of_alphabet(alphabet: str) -> "Speller":
        """Return the speller of a model of characters."""
        return Speller(characters(alphabet))

    def spell(self, word: str) -> list[tuple[str, ...]]:
        """Return the spellings of a word in names of units, the main one first.

        Errors: `UserError` for a word that cannot be pronounced, or not in the model's units.
        """
        if self.units.kind in (CHARACTERS, GRAMS):
            spellings = [tuple(word)]
        elif self.units.kind == PHONES:
            settings = Phones(type="phones", language=self.language or "en-us")
            spellings = [one.units for one in Pronouncer(settings)(word)]
        else:
            spellings = [tuple(split(word, merges_of(self.units.names)))]
        if not spellings:
            raise UserError(
                f"{word!r} has no pronunciation: write its phones into the second column by hand"
            )
        known = set(self.units.names) - {self.units.names[0], self.units.separator}
        possible = [one for one in spellings if set(one) <= known]
        if not possible:
            strange = next(name for name in spellings[0] if name not in known)
            raise UserError(
                f"{word!r} needs {strange!r}, which is none of the model's {self.units.kind}: "
                "write the word in the letters of its transcripts, or spell it by hand"
            )
        return possible


def words_file(
    entries: Sequence[str], speller: Speller, known: Collection[str], boost: float | None
) -> str:
    """Return the lines of a words file for words and phrases.

    `known`: words of the lexicon, which spells them. `boost`: of each word and phrase, natural log;
    None: the engine's own.

    Errors: `UserError` as for `Speller.spell`, and for an entry without a word.
    """
    if boost is not None and not -HIGHEST_BOOST <= boost <= HIGHEST_BOOST:
        raise UserError(f"the boost {boost:g} must be a number from -50 to 50")
    shown = "" if boost is None else f"{boost:g}"
    own: dict[str, str] = {}
    phrases: dict[str, str] = {}
    for entry in entries:
        words = _one_form(entry).split()
        if not words:
            raise UserError("an entry holds no word: remove it")
        if len(words) == 1:
            own[words[0]] = shown
        else:
            phrases[" ".join(words)] = shown
    if phrases and boost is not None and boost <= 0:
        raise UserError(f"the boost {boost:g} of a phrase must be above 0")
    for phrase in phrases:
        for word in phrase.split():
            if word not in known:
                own.setdefault(word, f"{IN_PHRASE:g}")
    return "".join([*_word_lines(own, speller, known), *_lines(phrases)])


def _word_lines(boosts: Mapping[str, str], speller: Speller, known: Collection[str]) -> list[str]:
    lines = []
    for word, boost in boosts.items():
        spellings = [()] if word in known else speller.spell(word)
        lines += [f"{word}\t{' '.join(one)}\t{boost}\n" for one in spellings]
    return lines


def _lines(boosts: Mapping[str, str]) -> list[str]:
    return [f"{phrase}\t\t{boost}\n" for phrase, boost in boosts.items()]


def _one_form(entry: str) -> str:
    if odd := unseen(entry):
        raise UserError(f"{entry!r} has {named(odd[0])}, which cannot be seen: remove it")
    return composed(entry)
