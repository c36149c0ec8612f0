"""ARPAbet without stress, the 39 phones of CMUdict, and espeak-ng's American IPA written in it."""

import re
from collections.abc import Sequence

from schatten.letters import without_accents

PHONES = (
    *("AA", "AE", "AH", "AO", "AW", "AY", "B", "CH", "D", "DH", "EH", "ER", "EY", "F", "G", "HH"),
    *("IH", "IY", "JH", "K", "L", "M", "N", "NG", "OW", "OY", "P", "R", "S", "SH", "T", "TH"),
    *("UH", "UW", "V", "W", "Y", "Z", "ZH"),
)

# Chosen by the phone errors of frequent words that CMUdict has (`schatten bench-pronunciations`):
# ɪɹ, ʊɹ, ᵻ, ɾ and ʔ could be written otherwise, with more errors.
_VOWELS = {
    **{"ɑː": "AA", "ɑ": "AA", "ɑːɹ": "AA R", "æ": "AE", "a": "AE", "aa": "AE", "ɑ̃": "AA N"},
    **{"ʌ": "AH", "ə": "AH", "ɐ": "AH", "əl": "AH L", "l̩": "AH L", "n̩": "AH N"},
    **{"ɔː": "AO", "ɔ": "AO", "ɔːɹ": "AO R", "oːɹ": "AO R", "ɔɹ": "AO R", "ɔ̃": "AO N"},
    **{"aʊ": "AW", "aɪ": "AY", "aɪɚ": "AY ER", "aɪə": "AY AH"},
    **{"ɛ": "EH", "e": "EH", "ɛɹ": "EH R", "ɜː": "ER", "ɚ": "ER", "eɪ": "EY"},
    **{"ɪ": "IH", "ᵻ": "IH", "ɪɹ": "IH R", "i": "IY", "iː": "IY", "iːː": "IY", "iə": "IY AH"},
    **{"oʊ": "OW", "o": "OW", "ɔɪ": "OY", "ʊ": "UH", "ʊɹ": "UH R", "uː": "UW", "u": "UW"},
}
_CONSONANTS = {
    **{"b": "B", "tʃ": "CH", "d": "D", "ð": "DH", "f": "F", "ɡ": "G", "ɡʲ": "G", "h": "HH"},
    **{"dʒ": "JH", "k": "K", "x": "K", "l": "L", "ɬ": "L", "m": "M", "n": "N", "nʲ": "N Y"},
    **{"ŋ": "NG", "p": "P", "ɹ": "R", "r": "R", "s": "S", "ʃ": "SH", "t": "T", "ɾ": "T", "ʔ": "T"},
    **{"θ": "TH", "v": "V", "w": "W", "j": "Y", "z": "Z", "ʒ": "ZH"},
}
# Rare ones of names and loan words: the phones that English speakers put in their place.
_LOANS = {
    **{"ɒ": "AA", "œ": "ER", "ø": "ER", "ɵ": "UH", "ɨ": "IH", "y": "UW", "ʏ": "UH"},
    **{"ç": "K", "q": "K", "c": "K", "ɟ": "G", "ɣ": "G", "β": "V", "ʋ": "V", "ɸ": "F", "ɫ": "L"},
    **{"ʎ": "L Y", "ɲ": "N Y", "ɥ": "W", "ʍ": "W", "ʁ": "R", "ʀ": "R", "ɕ": "SH", "ʂ": "SH"},
    **{"ʐ": "ZH", "ʑ": "ZH", "ts": "T S", "dz": "D Z", "pf": "F"},
}
_ARPABET = {ipa: tuple(names.split()) for ipa, names in (_VOWELS | _CONSONANTS | _LOANS).items()}
_VOWEL_NAMES = {name for name in PHONES if name[0] in "AEIOU"}
_MARKS = re.compile(r"[ːˑʲʰʷ]")
_TWICE = re.compile(r"(.)\1+")


def from_ipa(phones: Sequence[str]) -> tuple[str, ...] | None:
    """Return espeak-ng's American phones in ARPAbet; None if one of them has no counterpart.

    An R after ER is left out, and IH before a vowel becomes IY. So CMUdict writes `general` as
    JH EH N ER AH L and `audio` as AA D IY OW, where espeak-ng has ɚɹ and ɪoʊ.
    """
    found: list[str] = []
    for phone in phones:
        known = _ARPABET.get(phone) or _ARPABET.get(_plain(phone))
        if known is None:
            return None
        for name in known:
            if name in _VOWEL_NAMES and found[-1:] == ["IH"]:
                found[-1] = "IY"
            if name != "R" or found[-1:] != ["ER"]:
                found.append(name)
    return tuple(found)


def _plain(phone: str) -> str:
    """Return a phone without length and marks: `ææ` becomes `æ`."""
    return _TWICE.sub(r"\1", _MARKS.sub("", without_accents(phone)))


def without_stress(phone: str) -> str:
    """Return a phone of CMUdict without its stress: `AH0` becomes `AH`."""
    return phone.rstrip("012")
