"""Notices text without spaces between words, where a word would be a whole sentence."""

import unicodedata
from collections.abc import Sequence

_LONGEST = {
    **dict.fromkeys(("CJK", "HIRAGANA", "KATAKANA", "YI", "BOPOMOFO"), 4.0),
    **dict.fromkeys(("THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN", "JAVANESE", "BALINESE"), 9.0),
}
"""Characters of a word, on average, from which text of these scripts is one without spaces.

Words have about 2 characters in Chinese and Japanese, 4 to 5 in Thai. A script is the first word
of its characters' names in Unicode.
"""
_ANY_SCRIPT = 16.0
"""The same for other scripts; in Finnish and Turkish it is 8 to 9."""
_WORDS = 1.5
"""Words of an utterance, on average, up to which other scripts may be written without spaces."""


def characters_per_word(texts: Sequence[str]) -> float:
    """Return the characters of a word of normalised texts, on average; 0 without any."""
    words = [word for text in texts for word in text.split()]
    return sum(map(len, words)) / max(1, len(words))


def seems_unspaced(texts: Sequence[str]) -> bool:
    """Tell whether words of normalised texts are too long to be words.

    `text.words: characters` makes each character a word, so that it never is.
    """
    length = characters_per_word(texts)
    if length < min(_LONGEST.values()):
        return False
    letters = "".join(texts).replace(" ", "")
    if length >= _longest(letters):
        return True
    words = sum(len(text.split()) for text in texts)
    return length >= _ANY_SCRIPT and words <= _WORDS * len(texts)


def _longest(letters: str) -> float:
    """Return the length from which words are too long for the script of most letters."""
    counts: dict[float, int] = {}
    for letter in set(letters):
        limit = _LONGEST.get(unicodedata.name(letter, "").split(" ")[0].split("-")[0], float("inf"))
        counts[limit] = counts.get(limit, 0) + letters.count(letter)
    return max(counts, key=counts.__getitem__)
