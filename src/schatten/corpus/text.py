"""Text normalisation: one form of each letter, case, what is not spoken, the alphabet.

It reads no files.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from schatten import letters
from schatten.corpus.marks import SIGNS, Marks, without_lone_signs, without_quotes
from schatten.corpus.numbers import SpokenNumbers
from schatten.recipe.corpus import Text
from schatten.transcripts import characters_of

_APOSTROPHES = "\u2019\u2018\u02bc\u0060\u00b4"
_CASE: dict[str, Callable[[str], str]] = {"lower": str.lower, "upper": str.upper, "keep": str}
"""Of ASCII, where no form and no language matters: large texts are of it."""
_AT_AN_EDGE = re.compile(r"(?<!\S)'+|'+(?!\S)")


def _may_quote(sentence: str) -> bool:
    return "'" in sentence or "`" in sentence or not sentence.isascii()


def _is_spelled(text: Text) -> bool:
    return text.numbers is not None or bool(text.signs)


class Normaliser:
    """Brings sentences to the recipe's alphabet; other characters stay, to be reported."""

    def __init__(self, text: Text, *, marks_are_gone: bool = False) -> None:
        """Read the settings; `marks_are_gone`: the corpus's reader has taken its marks out."""
        self._text = text
        self._splits = text.words == "characters"
        self._marks = None if marks_are_gone else Marks(text)
        keep = {ord(character) for character in text.alphabet}
        if self._marks is not None and text.brackets == "refused":
            keep |= {ord(character) for character in "[]{}"}
        spaces = {ord(character): " " for character in text.strip}
        quotes = {ord(character): "'" for character in _APOSTROPHES if "'" in text.alphabet}
        merged = {**spaces, **quotes}
        self._table = {code: to for code, to in merged.items() if code not in keep}
        self._visible = text.alphabet + text.strip
        self._has_apostrophes = "'" in text.alphabet
        self._signs = [f" {one}" for one in SIGNS if one in text.alphabet]
        self._drops_edges = text.edge_apostrophes == "dropped"
        self._of_ascii = text.in_case if letters.has_own_case(text.language) else _CASE[text.case]
        self._numbers = SpokenNumbers(text.numbers, text.signs) if _is_spelled(text) else None
        self._known = frozenset(text.alphabet + " ")
        self.notes: Counter[str] = Counter()
        """What was dropped or looked odd so far, for the report, with how often."""

    def __call__(self, sentence: str) -> str:
        """Return words of the recipe's case with one space between; foreign characters stay."""
        if not sentence.isascii():
            sentence = self._readable(sentence)
        if self._numbers is not None:
            sentence = self._numbers(sentence)
        if self._marks is None:
            sentence = sentence.translate(self._table)
        else:
            if self._has_apostrophes and _may_quote(sentence):
                sentence = without_quotes(sentence, self._note)
            sentence = self._marks.without(sentence, self._plain, self._note)
        in_case = self._of_ascii if sentence.isascii() else self._text.in_case
        sentence = " ".join(in_case(sentence).split())
        if self._marks is not None:
            sentence = self._without_signs(sentence)
        return " ".join(characters_of(sentence)) if self._splits else sentence

    def _readable(self, sentence: str) -> str:
        dropped: list[str] = []
        sentence = letters.without_invisible(sentence, self._visible, dropped)
        for one in dropped:
            what = "taken as a space" if one == letters.ZERO_WIDTH_SPACE else "dropped"
            self._note(f"{letters.named(one)}, {what}")
        return letters.composed(sentence)

    def _plain(self, sentence: str) -> str:
        return sentence.translate(self._table)

    def _without_signs(self, sentence: str) -> str:
        if self._drops_edges and "'" in sentence:
            sentence = " ".join(_AT_AN_EDGE.sub("", sentence).split())
        for sign in self._signs:
            if sign in sentence or sentence[:1] == sign[1]:
                return without_lone_signs(sentence, self._note)
        return sentence

    def _note(self, line: str) -> None:
        self.notes[line] += 1

    def refused_marks(self, normalised: str) -> list[str]:
        """Return the marks in brackets that are neither listed as unspoken nor words."""
        return [] if self._marks is None else self._marks.refused(normalised)

    def foreign(self, normalised: str) -> str:
        """Return the characters outside the alphabet, sorted; empty for good text."""
        return "".join(sorted(set(normalised) - self._known))

    def clean(self, lines: Iterable[str]) -> Iterator[str | None]:
        """Yield each line normalised, or None for one that holds foreign characters or nothing."""
        for line in lines:
            sentence = self(line)
            yield None if not sentence or self.foreign(sentence) else sentence
