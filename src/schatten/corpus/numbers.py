"""Numbers and signs of a text as words: `3 %` becomes `three percent`.

Numbers are spelled by the package num2words. How a number was really said, a text does not tell:
`1984` may be a year or an amount. The rules are few, and the same everywhere.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from functools import lru_cache
from types import ModuleType

from schatten.errors import UserError

_POINT = {"en", "zh", "ja", "ko", "th", "he", "kn", "te", "bn", "am", "fr_CH"}
"""Languages with a decimal point; the others have a decimal comma."""
_YEARS = range(1100, 2000)
"""Numbers of four digits that are read as years."""
_LONGEST = 12
"""Digits above which a number is read digit by digit, as are those with a zero in front."""
_CURRENCY = re.compile(r"([$€£¥₹₽₩])\s?(\d+(?:[.,]\d+)*)")
_ENGLISH_ORDINAL = re.compile(r"(?<![\w.,])(\d+)(?:st|nd|rd|th)\b", re.IGNORECASE)
_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
_JOINED = str.maketrans({",": " ", "-": " ", "\u2010": " "})


class SpokenNumbers:
    """Replaces numbers and signs in sentences by words."""

    def __init__(self, language: str | None, signs: Mapping[str, str]) -> None:
        """Take the language of the numbers, as num2words names it (None: they stay), and the signs.

        Errors: `UserError` if num2words is missing, or does not know the language.
        """
        self._language = None if language is None else _known(language)
        self._signs = dict(signs)
        plain = sorted(map(re.escape, signs), key=len, reverse=True)
        self._sign = re.compile("|".join(plain)) if plain else None

    def __call__(self, sentence: str) -> str:
        """Return a sentence with words in place of numbers and signs, with spaces around."""
        if self._language is not None and any(map(str.isdecimal, sentence)):
            sentence = _CURRENCY.sub(self._amount, sentence)
            if self._language.startswith("en"):
                sentence = _ENGLISH_ORDINAL.sub(lambda found: self._ordinal(found[1]), sentence)
            sentence = _NUMBER.sub(lambda found: f" {self._number(found[0])} ", sentence)
        if self._sign is not None:
            sentence = self._sign.sub(lambda found: f" {self._signs[found[0]]} ", sentence)
        return sentence

    def _amount(self, found: re.Match[str]) -> str:
        """Put a currency behind its amount, where it is said, if it has a word."""
        return f"{found[2]} {found[1]}" if found[1] in self._signs else found[0]

    def _ordinal(self, digits: str) -> str:
        return f" {_said(int(digits), self._language or '', 'ordinal')} "

    def _number(self, text: str) -> str:
        """Return the words of digits with points and commas among them."""
        language = self._language or ""
        point, comma = (".", ",") if language.split("_")[0] in _POINT else (",", ".")
        if re.fullmatch(rf"[1-9]\d{{0,2}}(?:\{comma}\d{{3}})+(?:\{point}\d+)?", text):
            text = text.replace(comma, "")
            grouped = True
        else:
            grouped = False
        whole, _, fraction = text.partition(point)
        if not whole.isdecimal() or (fraction and not fraction.isdecimal()):  # a date, a version
            return " ".join(self._number(part) for part in re.split("[.,]", text))
        if len(whole) > _LONGEST or (len(whole) > 1 and whole.startswith("0")):
            digits = " ".join(_said(int(one), language, "cardinal") for one in whole)
            return f"{digits} {self._number(fraction)}" if fraction else digits
        if fraction:
            return _said(Decimal(f"{int(whole)}.{fraction}"), language, "cardinal")
        is_year = int(whole) in _YEARS and not grouped
        return _said(int(whole), language, "year" if is_year else "cardinal")


@lru_cache(maxsize=10_000)
def _said(number: int | Decimal, language: str, kind: str) -> str:
    try:
        words = str(_num2words().num2words(number, lang=language, to=kind))
    except (NotImplementedError, KeyError, TypeError):  # a language without years, for instance
        words = str(_num2words().num2words(number, lang=language))
    return " ".join(words.translate(_JOINED).split())


def _num2words() -> ModuleType:
    try:
        import num2words
    except ImportError:
        raise UserError(
            "num2words is missing, which text.numbers needs: scripts/setup.sh numbers, or "
            "pip install num2words"
        ) from None
    return num2words


def _known(language: str) -> str:
    """Return the language as num2words names it (`en_IN`); `UserError` for one it has not."""
    there = _num2words().CONVERTER_CLASSES
    first, _, region = language.replace("-", "_").partition("_")
    for name in (f"{first}_{region.upper()}", first):
        if name in there:
            return name
    raise UserError(
        f"text.numbers: num2words has no language {language!r}; it has {', '.join(sorted(there))}"
    )
