"""Letters as Unicode writes them: one form of each, case by language, what cannot be seen.

Alphabets, transcripts, texts for language models, lexicons and hypotheses all come through here.
It imports nothing of the package.
"""

import re
import unicodedata
from itertools import pairwise

_DOTTED = frozenset(
    ("az", "aze", "crh", "diq", "gag", "kaa", "kaz", "kk", "tat", "tr", "tt", "tur", "zza")
)
"""Languages whose i and dotless i are two letters, with a capital each, when written in Latin."""
_LITHUANIAN = frozenset({"lt", "lit"})
_ARMENIAN = frozenset({"hy", "hye"})
DOTTED_LETTERS = "ıİ"
"""An alphabet that has one of these is of a language of `_DOTTED`."""
_TO_LOWER, _TO_UPPER = str.maketrans("Iİ", "ıi"), str.maketrans("iı", "İI")
_DOT_BELOW_ACCENT = re.compile("(?<=[iIjJ\u0328])\u0307(?=[\u0300-\u036f])")
"""Lithuanian may keep the dot of an i below an accent: another form of the same letter."""
_DEFAULT_IGNORABLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
"""Unicode's property of this name: characters without a shape of their own."""
INVISIBLE = re.compile(f"[{_DEFAULT_IGNORABLE}]")
ZERO_WIDTH_SPACE = "\u200b"
_JOINERS = "\u200c\u200d"
_ORTHOGRAPHIC = frozenset(f"{_JOINERS}\u180b\u180c\u180d\u180e\u180f")
"""Invisible, and yet a part of the spelling: of Persian, Indic scripts and Mongolian."""
_VIRAMA = 9
"""The combining class of signs that drop a vowel."""
_UNSAID = re.compile(f"[{_DEFAULT_IGNORABLE}\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
"""What a terminal does not show; tabs and line ends are left to it."""


def composed(text: str) -> str:
    """Return text in Unicode's form NFC, the one form in which all text is kept."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def without_accents(text: str) -> str:
    """Return text without combining marks: `é` becomes `e`."""
    apart = unicodedata.normalize("NFD", text)
    return "".join(c for c in apart if not unicodedata.combining(c))


def has_dotted_i(language: str | None) -> bool:
    """Tell whether I is the capital of a dotless i in a language (`tr`, `az-AZ`)."""
    return _primary(language) in _DOTTED


def has_own_case(language: str | None) -> bool:
    """Tell whether letters have other capitals in a language than in most."""
    return _primary(language) in _DOTTED | _LITHUANIAN | _ARMENIAN


def lower(text: str, language: str | None = None) -> str:
    """Return text in lower case as a language writes it, in NFC."""
    text = _one_form(text, language)
    return composed((text.translate(_TO_LOWER) if has_dotted_i(language) else text).lower())


def upper(text: str, language: str | None = None) -> str:
    """Return text in upper case as a language writes it, in NFC."""
    text = _one_form(text, language)
    if has_dotted_i(language):
        text = text.translate(_TO_UPPER)
    elif _primary(language) in _ARMENIAN:
        text = text.replace("և", "ԵՎ")
    return composed(text.upper())


def _one_form(text: str, language: str | None) -> str:
    if _primary(language) in _LITHUANIAN:
        text = _DOT_BELOW_ACCENT.sub("", unicodedata.normalize("NFD", text))
    return composed(text)


def _primary(language: str | None) -> str:
    return "" if language is None else language.partition("-")[0].lower()


def without_invisible(text: str, keep: str, dropped: list[str]) -> str:
    """Drop the characters that cannot be seen, and add each to `dropped`; those in `keep` stay.

    A zero-width space parts words, as Unicode says, and becomes a space. A joiner also stays where
    it is part of the spelling, between Arabic letters and beside a virama, and so does Mongolian's
    vowel separator: these are for the alphabet to name.
    """

    def seen(found: re.Match[str]) -> str:
        one = found[0]
        if one in keep or (one in _ORTHOGRAPHIC and _is_spelling(text, found.start())):
            return one
        dropped.append(one)
        return " " if one == ZERO_WIDTH_SPACE else ""

    return INVISIBLE.sub(seen, text)


def _is_spelling(text: str, at: int) -> bool:
    if text[at] == "\u180e":
        return True
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    if text[at] not in _JOINERS or not before:
        return False
    if _VIRAMA in (unicodedata.combining(before), unicodedata.combining(after or " ")):
        return True
    arabic = unicodedata.bidirectional(before) in ("AL", "NSM")
    return arabic and unicodedata.bidirectional(after or " ") == "AL"


def unseen(text: str) -> list[str]:
    """Return the characters that cannot be seen, but for those that belong to a spelling."""
    return [
        one
        for one in text
        if one not in _ORTHOGRAPHIC and (INVISIBLE.match(one) or unicodedata.category(one) == "Cc")
    ]


def alphabet_of(letters: str) -> str:
    """Return an alphabet in NFC, each character once.

    Letters that NFC takes apart (U+0958, a consonant with nukta) come as their parts, as in text.
    Raises `ValueError` for a letter that stands there twice, and for one that NFC joins with the
    mark behind it, though it stands nowhere else.
    """
    text = composed(letters)
    clusters = _clusters(text)
    if twice := [one for one in clusters if clusters.count(one) > 1]:
        raise ValueError(f"the alphabet holds a character twice ({twice[0]}): remove one")
    for base, mark in pairwise(letters):
        joined = composed(base + mark)
        if base not in text and len(joined) == 1 and not _is_jamo(base):
            raise ValueError(
                f"the alphabet has {base} and then {named(mark)}, which together are the one "
                f"letter {joined}: write {base} as well, or begin the alphabet with the mark"
            )
    return "".join(dict.fromkeys(text))


def _clusters(text: str) -> list[str]:
    """Return each character with the marks that follow it."""
    found: list[str] = []
    for one in text:
        if found and unicodedata.category(one)[0] == "M":
            found[-1] += one
        else:
            found.append(one)
    return found


def _is_jamo(letter: str) -> bool:
    return "\u1100" <= letter <= "\u11ff"


def named(text: str) -> str:
    """Return characters as a message shows them: `a`, `é U+00E9`, `U+200B ZERO WIDTH SPACE`."""
    return ", ".join(map(_named, text))


def _named(one: str) -> str:
    if one.isascii() and one.isprintable() and one != " ":
        return one
    code = f"U+{ord(one):04X}"
    if unicodedata.category(one)[0] in "LNPS" and not INVISIBLE.match(one):
        return f"{one} {code}"
    return f"{code} {unicodedata.name(one, '')}".rstrip()


def shown(message: str) -> str:
    """Return a message with `<U+200B>` for each character that a terminal would not show."""
    return _UNSAID.sub(lambda found: f"<U+{ord(found[0]):04X}>", message)
