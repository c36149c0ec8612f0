"""The units an acoustic model writes: their names, and how text becomes units and back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

from schatten.errors import UserError

BLANK = "<blank>"
"""Name of CTC's blank, the first unit of every inventory."""
SPACE = " "
"""Name of the unit between words of characters."""
CHARACTERS = "characters"
PHONES = "phones"
PIECES = "pieces"
TIED = "tied"
GRAMS = "grams"
WORD_START = "▁"
"""U+2581; begins the name of the piece that a word begins with, as in sentencepiece."""


@dataclass(frozen=True)
class Units:
    """An inventory of CTC units."""

    kind: str
    """The kind of units: `characters`, `phones`, `pieces`, `tied` or `grams`."""
    names: tuple[str, ...]
    """The blank first; the index of a name is that of the model's output."""
    separator: str | None
    """Name of the unit between words; None if words follow each other directly."""

    def __post_init__(self) -> None:
        if self.names[:1] != (BLANK,):
            raise ValueError(f"the first unit must be {BLANK!r}, not {list(self.names[:1])}")
        if len(set(self.names)) != len(self.names):
            raise ValueError("a unit stands twice")
        if self.separator is not None and self.separator not in self.names:
            raise ValueError(f"the separator {self.separator!r} is no unit")
        if self.kind == GRAMS:
            self._check_grams()

    def _check_grams(self) -> None:
        """Require a separator, and that every letter of a gram is a unit."""
        if self.separator is None:
            raise ValueError("grams need a unit between words")
        letters = {name for name in self.names[1:] if len(name) == 1} - {self.separator}
        grams = [name for name in self.names[1:] if name != self.separator]
        if odd := [name for name in grams if not name or not set(name) <= letters]:
            raise ValueError(f"letters of the gram {odd[0]!r} are no units")

    def __len__(self) -> int:
        """Return the number of units, the blank among them."""
        return len(self.names)

    @cached_property
    def index(self) -> dict[str, int]:
        """Indices by name."""
        return {name: number for number, name in enumerate(self.names)}

    @cached_property
    def grams(self) -> Mapping[tuple[int, ...], int]:
        """Units by the letters that they stand for, where several units may write one text.

        These are the letters and the grams of `grams`; other kinds have none.
        """
        if self.kind != GRAMS:
            return {}
        names = (name for name in self.names[1:] if name != self.separator)
        return {tuple(self.index[letter] for letter in name): self.index[name] for name in names}

    def letters(self, labels: Iterable[int]) -> tuple[int, ...]:
        """Return labels with the letters of each gram in its place; other units stay."""
        spelled = self._letters
        return tuple(letter for label in labels for letter in spelled.get(label, (label,)))

    @cached_property
    def _letters(self) -> Mapping[int, tuple[int, ...]]:
        return {unit: letters for letters, unit in self.grams.items()}

    @property
    def writes_words(self) -> bool:
        """Whether words can be read off the units, without a lexicon."""
        return self.kind not in (PHONES, TIED)

    def require_words(self) -> None:
        """Refuse units that write no words by a `UserError`."""
        if not self.writes_words:
            raise UserError(
                f"{spoken(self.kind)} write no words without a lexicon: decode with a language "
                "model, or take --decoder units for their error rate"
            )

    def require_engine(self, source: Path) -> None:
        """Refuse units of the model `source` that the engine does not search by a `UserError`."""
        if self.kind == TIED:
            raise UserError(
                f"{source} writes tied phones, which graphs search and the engine does not: "
                "export a model of phones"
            )

    @property
    def separator_index(self) -> int:
        """Index of the separator. Errors: `UserError` if there is none."""
        if self.separator is None:
            raise UserError(
                f"{spoken(self.kind)} have no separator between words, which this search needs: "
                "take another decoder"
            )
        return self.index[self.separator]

    def encode(self, text: str) -> list[int]:
        """Return the indices of the labels of a text: words with one space between them.

        For grams these are its letters.

        Errors: `UserError` for a text that the units cannot write.
        """
        try:
            return [self.index[character] for character in text]
        except KeyError as error:
            raise UserError(
                f"{text!r} has {error}, which is none of the model's {self.kind}: "
                "normalise the text, or train with a larger alphabet"
            ) from None

    def decode(self, labels: Iterable[int]) -> list[str]:
        """Return the words that labels write; blanks are dropped, repeats are kept.

        For phones, tied or not, these are the names of the labels.
        """
        names = [self.names[label] for label in labels if label]
        if self.kind == PIECES:
            return [word for word in "".join(names).split(WORD_START) if word]
        if self.separator is None:
            return names
        return [word for word in "".join(names).split(self.separator) if word]

    def frames_needed(self, labels: Sequence[int]) -> int:
        """Return the output frames CTC needs: one a label, one more between equal neighbours."""
        return len(labels) + sum(one == following for one, following in pairwise(labels))

    def can_spell(self, word: str) -> bool:
        """Tell whether there is a spelling of a word."""
        return all(name in self.index and name != self.separator for name in word)

    def spell(self, word: str) -> list[str]:
        """Return the names of the units that spell a word, without a separator."""
        return list(word)

    def stored(self) -> list[str] | dict[str, Any]:
        """Return the units as files store them: characters as a list of names, others as a dict."""
        if self.kind == CHARACTERS:
            return list(self.names)
        return {"kind": self.kind, "names": list(self.names), "separator": self.separator}

    @staticmethod
    def from_stored(value: list[str] | dict[str, Any]) -> "Units":
        """Return the units that a file stores. Raises `ValueError` for other values."""
        if isinstance(value, dict):
            return Units(value["kind"], tuple(value["names"]), value["separator"])
        return from_names(value)


def spoken(kind: str) -> str:
    """Return a kind of units as people call it: `tied phones`."""
    return "tied phones" if kind == TIED else kind


def characters(alphabet: str) -> Units:
    """Return the units of a character model: the blank, the space, then the alphabet."""
    return Units(CHARACTERS, (BLANK, SPACE, *alphabet), SPACE)


def from_names(names: Sequence[str]) -> Units:
    """Return the character units of a file that stores names alone.

    Raises `ValueError` for names that do not begin with the blank and the space.
    """
    if list(names[:2]) != [BLANK, SPACE]:
        raise ValueError(f"the first units must be {BLANK!r} and {SPACE!r}, not {list(names[:2])}")
    return Units(CHARACTERS, tuple(names), SPACE)
