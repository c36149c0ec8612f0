"""Text normalisation: case, stripped characters, the alphabet. It reads no files."""

import unicodedata
from collections.abc import Iterable, Iterator

from schatten.recipe.corpus import Text

_APOSTROPHES = "\u2019\u2018\u02bc\u0060\u00b4"


class Normaliser:
    """Brings sentences to the recipe's alphabet; other characters stay, to be reported."""

    def __init__(self, text: Text) -> None:
        self._case = text.case
        spaces = {ord(character): " " for character in text.strip}
        quotes = {ord(character): "'" for character in _APOSTROPHES if "'" in text.alphabet}
        keep = {ord(character) for character in text.alphabet}
        merged = {**spaces, **quotes}
        self._table = {code: to for code, to in merged.items() if code not in keep}
        self._known = frozenset(text.alphabet + " ")

    def __call__(self, sentence: str) -> str:
        """Return words of the recipe's case with one space between; foreign characters stay."""
        sentence = unicodedata.normalize("NFC", sentence)
        if self._case != "keep":
            sentence = sentence.lower() if self._case == "lower" else sentence.upper()
        return " ".join(sentence.translate(self._table).split())

    def foreign(self, normalised: str) -> str:
        """Return the characters outside the alphabet, sorted; empty for good text."""
        return "".join(sorted(set(normalised) - self._known))

    def clean(self, lines: Iterable[str]) -> Iterator[str | None]:
        """Yield each line normalised, or None for one that holds foreign characters or nothing."""
        for line in lines:
            sentence = self(line)
            yield None if not sentence or self.foreign(sentence) else sentence
