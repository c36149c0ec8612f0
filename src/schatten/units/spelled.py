"""Units together with the spellings of words: from transcripts to labels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from schatten.artifacts import Inventory
from schatten.errors import UserError
from schatten.runtime.files import sha256
from schatten.units.graph import StateGraph, pronunciations
from schatten.units.inventory import TIED, Units, characters
from schatten.units.tying import Tying
from schatten.units.words import read_rows

Labels = tuple[int, ...]
"""Indices of units, no blank among them."""


@dataclass(frozen=True)
class SpelledUnits:
    """An inventory of units, and how words are spelled in it."""

    units: Units
    """The inventory."""
    spellings: Mapping[str, tuple[Labels, ...]] | None
    """Every spelling of each word, the main one first; None if the units spell words themselves."""
    source: Path | None = None
    """The file of the spellings, for messages."""
    tying: Tying | None = None
    """Of tied phones: the unit of each phone in its context. Spellings are then of phones."""

    @staticmethod
    def of_characters(alphabet: str) -> "SpelledUnits":
        """Return the units of a character model."""
        return SpelledUnits(characters(alphabet), None)

    @staticmethod
    def read(path: Path) -> "SpelledUnits":
        """Read `inventory.json` and the spellings beside it.

        Errors: `UserError` for a missing or damaged file, and for a unit that the inventory lacks.
        """
        stored = Inventory.read(path)
        try:
            units = Units(stored.kind, tuple(stored.names), stored.separator)
        except ValueError as error:
            raise UserError(f"{path} is damaged ({error}): make it again") from None
        words = path.parent / stored.words
        if words.is_file() and sha256(words) != stored.words_sha256:
            raise UserError(
                f"{words} is not the file that {path} was made with: mend pronunciations in a "
                "lexicon of your own, and make both again"
            )
        tying = Tying.read(path, stored) if units.kind == TIED else None
        spelled = units if tying is None else tying.phones
        spellings = None if units.grams else _read_spellings(words, spelled)
        return SpelledUnits(units, spellings, words, tying)

    @property
    def spelled_in(self) -> Units:
        """The units that words are spelled in: of tied phones the phones, else the units."""
        return self.units if self.tying is None else self.tying.phones

    def spelled(self, word: str) -> tuple[Labels, ...]:
        """Return every spelling of a word, the main one first.

        Errors: `UserError` for a word that has none.
        """
        if self.spellings is None:
            return (tuple(self.units.encode(word)),)
        try:
            return self.spellings[word]
        except KeyError:
            raise UserError(
                f"{self.source} does not spell {word!r}: make it again from texts that have the "
                "word (`schatten units --text`)"
            ) from None

    def can_spell(self, word: str) -> bool:
        """Tell whether there is a spelling of a word."""
        return self.units.can_spell(word) if self.spellings is None else word in self.spellings

    def labels(self, text: str) -> list[int]:
        """Return the labels of a text in the main spelling of each word.

        Words are parted by the separator, if the units have one. Errors: `UserError` for a word
        that has no spelling.
        """
        if self.spellings is None:
            return self.units.encode(text)
        labels = [label for word in text.split() for label in self.spelled(word)[0]]
        return labels if self.tying is None else self.tying.labels(labels)

    def pronunciations(self, text: str) -> list[tuple[Labels, ...]]:
        """Return every spelling of each word of a text, in order; errors as in `labels`."""
        return [self.spelled(word) for word in text.split()]

    def graph(self, text: str) -> StateGraph:
        """Return the paths of a text over every spelling of its words; errors as in `labels`."""
        words = self.pronunciations(text)
        return pronunciations(words) if self.tying is None else self.tying.graph(words)

    @property
    def has_choices(self) -> bool:
        """Whether a text may be written by several sequences of units."""
        return self.spellings is not None or bool(self.units.grams)

    def counted(self, text: str, *, every: bool) -> list[int]:
        """Return the labels by which it is decided whether a text fits some frames.

        They are the shortest if `every` pronunciation counts, else the main ones.
        """
        return self.shortest(text) if every else self.labels(text)

    def shortest(self, text: str) -> list[int]:
        """Return the labels of a text that need the fewest frames of CTC; errors as in `labels`.

        Of tied phones these are the phones: their units never need more frames, and fewer only if
        equal neighbours are two units.
        """
        if self.units.grams:
            return self._shortest_segmentation(self.units.encode(text))
        if self.spellings is None:
            return self.units.encode(text)
        best: dict[int, tuple[int, list[int]]] = {0: (0, [])}
        for spelled in self.pronunciations(text):
            ending: dict[int, tuple[int, list[int]]] = {}
            for labels in spelled:
                frames, before = self._joined(best, labels)
                if labels[-1] not in ending or frames < ending[labels[-1]][0]:
                    ending[labels[-1]] = frames, [*before, *labels]
            best = ending
        return min(best.values(), key=lambda found: found[0])[1]

    def _shortest_segmentation(self, letters: Sequence[int]) -> list[int]:
        """Return the grams of some letters that need the fewest frames."""
        grams = self.units.grams
        longest = max(map(len, grams))
        ends: list[dict[int, tuple[int, list[int]]]] = [{0: (0, [])}]
        for end in range(1, len(letters) + 1):
            found: dict[int, tuple[int, list[int]]] = {}
            for start in range(max(0, end - longest), end):
                part = tuple(letters[start:end])
                unit = grams.get(part, part[0] if len(part) == 1 else None)
                if unit is not None:
                    frames, before = self._joined(ends[start], (unit,))
                    found[unit] = frames, [*before, unit]
            ends.append(found)
        return min(ends[-1].values(), key=lambda one: one[0])[1]

    def _joined(
        self, best: Mapping[int, tuple[int, list[int]]], labels: Sequence[int]
    ) -> tuple[int, list[int]]:
        """Return the fewest frames up to the end of a word, and the labels before the word.

        `best`: frames and labels before the word, by their last label; 0 for none.
        """
        own = self.spelled_in.frames_needed(labels)
        frames, last = min(
            (frames + own + (last == labels[0]), last) for last, (frames, _) in best.items()
        )
        return frames, best[last][1]


def _read_spellings(path: Path, units: Units) -> dict[str, tuple[Labels, ...]]:
    found: dict[str, dict[Labels, None]] = {}
    for number, word, names, _ in read_rows(path):
        try:
            labels = tuple(units.index[name] for name in names)
        except KeyError as error:
            raise UserError(
                f"{path}, line {number} spells {word!r} with {error}, which inventory.json lacks: "
                "make the units again"
            ) from None
        found.setdefault(word, {})[labels] = None
    return {word: tuple(spelled) for word, spelled in found.items()}
