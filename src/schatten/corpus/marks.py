"""What a transcript holds that is no word: marks of noises, quotation marks, dashes alone."""

import re
from collections.abc import Callable

from schatten.recipe.corpus import Text

_BRACKETED = re.compile(r"\[\[?[^\[\]]*\]\]?|\{[^{}]*\}|<[^<>]*>|\(\([^()]*\)\)|\([^()]*\)")
_BRACKETS = "[{<("
_NAME = re.compile(r"[\w-]+(?:[ _-][\w-]+)*")
_PARTED = re.compile(r"[\s_-]+")
_SINGLE = re.compile(r"'(?<![\w']')(?!n')([^\s']+(?:'[^\s']+)*)'(?![\w'])", re.IGNORECASE)
"""A word in single quotation marks; the n of rock 'n' roll is in apostrophes."""
_CURLED = re.compile(r"(?<!\w)‘(?=\w)(?!n’)(.+?)(?<=\S)’(?!\w)")
_DOUBLED = re.compile(r"(?<![\w'])(?:''|``|‘‘)(?=\w)(.+?)(?<=\S)(?:''|’’|´´|``)(?![\w'])")
_OPENS, _CLOSES = re.compile(r"'(?<![\w']')(?=\w)"), re.compile(r"'(?<=\w')(?![\w'])")
SIGNS = "'‐‑‒–—―_-"
"""Characters of an alphabet that are no word alone."""
_LONE = re.compile(rf"(?<!\S)[{SIGNS}]+(?!\S)")

Note = Callable[[str], None]
"""Takes a line for the report, each time that something was dropped or looked odd."""


class Marks:
    """Takes what is not spoken out of sentences, as the recipe's `text` says."""

    def __init__(self, text: Text) -> None:
        written = [one.strip().casefold() for one in text.unspoken]
        self._names = {_key(one) for one in written if _NAME.fullmatch(one)}
        others = [one for one in written if not _NAME.fullmatch(one)]
        self._whole = [_pattern(one) for one in others if one[0] in _BRACKETS]
        bare = [re.escape(one) for one in others if one[0] not in _BRACKETS]
        self._starts = tuple(dict.fromkeys(one[0] for one in others if one[0] not in _BRACKETS))
        self._bare = re.compile(rf"(?<!\S)(?:{'|'.join(bare)})(?=[\s.,;:!?]|$)", re.IGNORECASE)
        self._letters = set(text.alphabet)
        self._refuses = text.brackets == "refused"

    def without(self, sentence: str, plain: Callable[[str], str], note: Note) -> str:
        """Return a sentence without marks; `plain` is applied to all but marks that are refused."""
        for start in self._starts:
            if start in sentence:
                sentence = self._bare.sub(_dropped(note), sentence)
        if not ("(" in sentence or "[" in sentence or "<" in sentence or "{" in sentence):
            return plain(sentence)
        pieces, at = [], 0
        for found in _BRACKETED.finditer(sentence):
            mark = found[0]
            if mark[0] in self._letters:
                continue
            if self._is_unspoken(mark):
                note(f"{_PARTED.sub(' ', mark).lower()}, dropped")
                kept = " "
            elif mark[0] == "(" and mark[:2] != "((":
                note("words in parentheses, taken as spoken")
                continue
            elif self._refuses:
                kept = f" {mark} "
            else:
                note("words in brackets, taken as spoken")
                continue
            pieces += [plain(sentence[at : found.start()]), kept]
            at = found.end()
        return "".join([*pieces, plain(sentence[at:])])

    def refused(self, normalised: str) -> list[str]:
        """Return the marks of a normalised sentence that the recipe does not list."""
        if not self._refuses:
            return []
        found = _BRACKETED.findall(normalised)
        return [mark for mark in found if mark[0] not in self._letters]

    def _is_unspoken(self, mark: str) -> bool:
        inside = mark.strip("[]{}<>()").strip()
        if _NAME.fullmatch(inside) and _key(inside) in self._names:
            return True
        squeezed = "".join(mark.split()).casefold()
        return any(pattern.fullmatch(squeezed) for pattern in self._whole)


def without_quotes(sentence: str, note: Note) -> str:
    """Return a sentence without pairs of single, curled or doubled apostrophes that quote words."""

    def inside(found: re.Match[str]) -> str:
        note("single quotation marks around words, dropped")
        return f" {found[1]} "

    if "`" in sentence or "''" in sentence or not sentence.isascii():
        sentence = _CURLED.sub(inside, _DOUBLED.sub(inside, sentence))
    opens = _OPENS.search(sentence)
    if opens is None:
        return sentence
    sentence = _SINGLE.sub(inside, sentence)
    if (opens := _OPENS.search(sentence)) and _CLOSES.search(sentence, opens.end()):
        note("passages between apostrophes, kept (text.edge_apostrophes: dropped drops them)")
    return sentence


def without_lone_signs(sentence: str, note: Note) -> str:
    """Return a normalised sentence without words that are a dash or an apostrophe alone."""
    if _LONE.search(sentence) is None:
        return sentence
    note("apostrophes or dashes alone, dropped")
    return " ".join(_LONE.sub(" ", sentence).split())


def _dropped(note: Note) -> Callable[[re.Match[str]], str]:
    def drop(found: re.Match[str]) -> str:
        note(f"{found[0].lower()}, dropped")
        return " "

    return drop


def _key(name: str) -> str:
    return _PARTED.sub("_", name.casefold())


def _pattern(mark: str) -> re.Pattern[str]:
    """Return the pattern of a mark as it is written, blanks left out; `*` stands for anything."""
    return re.compile(re.escape("".join(mark.split())).replace(r"\*", ".*"))
