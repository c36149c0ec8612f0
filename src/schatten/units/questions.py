"""Phonetic questions: classes of phones that may split the contexts of a tied phone.

Phones of CMUdict are asked about by name, phones in the IPA by their first letter (`tʃ`, `aɪ`), so
that every language of espeak-ng has questions. Each single phone is a question too, and so is the
edge of an utterance. The classes are those of any phonetics textbook; Young, Odell, Woodland:
Tree-based state tying (1994) ask about the same kinds.
"""

from collections.abc import Sequence

from schatten.units.arpabet import PHONES

EDGE = "#"
"""Stands for the edge of an utterance, in place of a phone."""

_ARPABET = {
    "vowel": "AA AE AH AO AW AY EH ER EY IH IY OW OY UH UW",
    "front vowel": "AE EH EY IH IY",
    "central vowel": "AH ER",
    "back vowel": "AA AO OW UH UW",
    "high vowel": "IH IY UH UW",
    "mid vowel": "AH EH ER EY OW",
    "low vowel": "AA AE AO AW AY",
    "rounded vowel": "AO OW OY UH UW",
    "diphthong": "AW AY EY OW OY",
    "ends high front": "AY EY IH IY OY Y",
    "ends high back": "AW OW UH UW W",
    "lax vowel": "AE AH EH IH UH",
    "tense vowel": "AA AO ER EY IY OW UW",
    "stop": "B D G K P T",
    "voiced stop": "B D G",
    "voiceless stop": "K P T",
    "fricative": "DH F HH S SH TH V Z ZH",
    "voiced fricative": "DH V Z ZH",
    "voiceless fricative": "F HH S SH TH",
    "sibilant": "CH JH S SH Z ZH",
    "affricate": "CH JH",
    "nasal": "M N NG",
    "liquid": "L R",
    "glide": "W Y",
    "approximant": "L R W Y",
    "rhotic": "ER R",
    "sonorant consonant": "L M N NG R W Y",
    "voiced obstruent": "B D DH G JH V Z ZH",
    "voiceless": "CH F HH K P S SH T TH",
    "labial": "B F M P V W",
    "bilabial": "B M P W",
    "labiodental": "F V",
    "dental": "DH TH",
    "alveolar": "D L N R S T Z",
    "alveolar stop or nasal": "D N T",
    "postalveolar": "CH JH SH ZH Y",
    "velar": "G K NG",
}
_IPA = {
    "vowel": "aeiouyæɑɒɐɔəɘɛɜɚɝɞɨɪɯɵɶøœɤʉʊʌʏᵻ",
    "front vowel": "aeiyæɛɪøœɶʏ",
    "central vowel": "ɐəɘɜɚɝɞɨɵʉᵻ",
    "back vowel": "ouɑɒɔɯɤʊʌ",
    "high vowel": "iuyɨɪɯʉʊʏᵻ",
    "mid vowel": "eoəɘɛɔɜɚɝɞøœɤɵʌ",
    "low vowel": "aæɑɒɐɶ",
    "rounded vowel": "ouyɒɔøœɵɶʉʊʏ",
    "stop": "bcdgkpqtɖɟɡɢʈʔ",
    "voiced stop": "bdgɖɟɡɢ",
    "voiceless stop": "ckpqtʈʔ",
    "fricative": "fhsvxzçðɕɣɦɸʁʂʃʐʑʒβθχħʕʝɬ",
    "voiced fricative": "vzðɣɦʁʐʑʒβʕʝ",
    "voiceless fricative": "fhsxçɕɸʂʃθχħɬ",
    "sibilant": "szɕʂʃʐʑʒ",
    "nasal": "mnɱɲɳŋɴ",
    "liquid": "lrɫɭɹɻɾʀʎ",
    "rhotic": "rɚɝɹɻɾʀʁ",
    "glide": "jwɥɰʍ",
    "sonorant consonant": "jlmnrwɥɫɭɱɲɳŋɴɹɻɾʀʎɰ",
    "labial": "bfmpvwɱɸβʋ",
    "dental or alveolar": "dlnrstzðθɫɹɾ",
    "palatal": "cjçɕɟɲɥʎʃʒʑʝ",
    "velar or uvular": "gkqxŋɡɢɣɴʁʀχɰ",
    "glottal": "hɦʔħʕ",
}


def questions(phones: Sequence[str]) -> dict[str, frozenset[int]]:
    """Return the places of the phones that each question is true of, by name.

    `phones`: names; the first, in place of the blank, stands for the edge of an utterance. No two
    questions are true of the same phones, and none of all or of no phone.
    """
    places = {name: place for place, name in enumerate(phones) if place}
    if set(places) <= set(PHONES):
        classes = {name: set(members.split()) for name, members in _ARPABET.items()}
    else:
        classes = {
            name: {phone for phone in places if phone[0] in letters}
            for name, letters in _IPA.items()
        }
    found: dict[frozenset[int], str] = {}
    for name, members in classes.items():
        asked = frozenset(places[phone] for phone in members if phone in places)
        if 1 < len(asked) < len(phones):
            found.setdefault(asked, name)
    for name, place in {**places, EDGE: 0}.items():
        found[frozenset({place})] = name
    return {name: asked for asked, name in found.items()}
