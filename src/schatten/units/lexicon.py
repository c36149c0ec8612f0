"""The lexicon: words and the units that spell them, in lines `WORD TAB UNIT UNIT ...`."""

from pathlib import Path

from schatten.errors import UserError
from schatten.letters import composed, named, unseen
from schatten.runtime.files import lines_of, read_text
from schatten.units.inventory import Units


def one_form(word: str, path: Path, number: int) -> str:
    """Return a word of a lexicon's line in NFC, as all text is.

    Errors: `UserError` for a character in it that cannot be seen, which no transcript has.
    """
    if word.isascii():
        return word
    if odd := unseen(word):
        raise UserError(
            f"{path}, line {number}: {word} has {named(odd[0])}, which cannot be seen: remove it"
        )
    return composed(word)


def read_lexicon(path: Path) -> list[tuple[str, tuple[str, ...]]]:
    """Read (word, units) pairs in the order of the file; a word may have several spellings.

    Errors: `UserError` for a line that is not `WORD TAB UNITS`, for a word with a character that
    cannot be seen, for a last line without an end, which may have been cut inside a spelling, and
    for an empty file.
    """
    entries = []
    text = read_text(path)
    lines = lines_of(text)
    if lines and not text.endswith("\n"):
        raise UserError(
            f"{path}, line {len(lines)} does not end: the lexicon was cut short, make it again (of "
            "one written by hand, end the last line)"
        )
    for number, line in enumerate(lines, start=1):
        word, _, spelling = line.partition("\t")
        units = tuple(spelling.split())
        if not word or not units or word != word.strip():
            raise UserError(f"{path}, line {number} is not `WORD TAB UNIT UNIT ...`: {line!r}")
        entries.append((one_form(word, path, number), units))
    if not entries:
        raise UserError(f"{path} holds no word: make the lexicon again")
    return entries


def read_spellings(path: Path, units: Units) -> list[tuple[str, tuple[int, ...]]]:
    """Read (word, indices of its units) pairs in the order of the file, each once.

    Counted twice, the paths of a line would add up to twice their probability. A gram in a
    spelling stands for its letters.

    Errors: `UserError` as in `read_lexicon`, and for a unit that the acoustic model lacks.
    """
    entries = read_lexicon(path)
    for word, spelling in entries:
        unknown = set(spelling) - units.index.keys()
        if unknown:
            raise UserError(
                f"{path} spells {word!r} with {', '.join(sorted(unknown))}, which the "
                "acoustic model has not: make the lexicon with the model's alphabet"
            )
    spelled = (
        (word, units.letters(units.index[name] for name in spelling)) for word, spelling in entries
    )
    return list(dict.fromkeys(spelled))
