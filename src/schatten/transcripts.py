"""Transcripts: references from cuts, hypotheses from and to text files.

Cuts are read as plain JSON, because importing lhotse would cost each small job some seconds.
"""

import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schatten.errors import UserError
from schatten.letters import composed
from schatten.runtime.files import read_jsonl, read_lines, write_text

_NAMED = 5


@dataclass(frozen=True)
class Utterance:
    """An utterance's words and its speaker."""

    id: str
    speaker: str
    words: tuple[str, ...]


def characters_of(text: str) -> list[str]:
    """Return the characters of a text without its spaces; marks stay with the letter before them.

    These are the words of a recipe whose `text.words` are `characters`.
    """
    found: list[str] = []
    for character in "".join(text.split()):
        if found and unicodedata.category(character).startswith("M"):
            found[-1] += character
        else:
            found.append(character)
    return found


def read_references(cuts: Path) -> list[Utterance]:
    """Read the transcripts of a cuts manifest (one supervision a cut), sorted by utterance id.

    Errors: `UserError` for a cut without exactly one such supervision, and for a repeated id.
    """
    found: dict[str, Utterance] = {}
    for cut in read_jsonl(cuts):
        utterance = as_utterance(cut, cuts)
        if utterance.id in found:
            raise UserError(f"{cuts} holds utterance {utterance.id} twice: ids must be unique")
        found[utterance.id] = utterance
    if not found:
        raise UserError(f"{cuts} holds no utterance: remove it and make the corpus again")
    return [found[name] for name in sorted(found)]


def as_utterance(cut: Any, cuts: Path) -> Utterance:
    """Return the utterance of a row of a manifest; one that is none is a `UserError`."""
    try:
        (supervision,) = cut["supervisions"]
        return Utterance(
            supervision["id"], supervision["speaker"], tuple(composed(supervision["text"]).split())
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        name = cut.get("id", "without id") if isinstance(cut, dict) else "that is no object"
        raise UserError(
            f"{cuts}: cut {name} needs exactly one supervision with id, speaker and text"
        ) from None


def read_hypotheses(path: Path) -> dict[str, tuple[str, ...]]:
    """Read `UTTERANCE word word ...` lines to words by utterance id."""
    found: dict[str, tuple[str, ...]] = {}
    for number, line in enumerate(read_lines(path), start=1):
        name, *words = composed(line).split() or [""]
        if not name or name in found:
            problem = f"utterance {name} for the second time" if name else "no utterance id"
            raise UserError(f"{path}, line {number} has {problem}: decode again")
        found[name] = tuple(words)
    return found


def write_hypotheses(path: Path, hypotheses: Mapping[str, Collection[str]]) -> None:
    """Write `UTTERANCE word word ...` lines, sorted by utterance id."""
    lines = (" ".join([name, *hypotheses[name]]) + "\n" for name in sorted(hypotheses))
    write_text(path, "".join(lines))


def require_same_utterances(
    found: Collection[str], found_in: Path, expected: Collection[str], expected_in: Path
) -> None:
    """Refuse two files that do not hold the same utterances, naming those that differ."""
    missing = sorted(set(expected) - set(found))
    extra = sorted(set(found) - set(expected))
    if missing:
        raise UserError(f"{found_in} lacks {_named(missing)} of {expected_in}: make it again")
    if extra:
        raise UserError(f"{found_in} has {_named(extra)} that {expected_in} lacks: make it again")


def _named(ids: list[str]) -> str:
    more = ", ..." if len(ids) > _NAMED else ""
    plural = "s" if len(ids) > 1 else ""
    return f"{len(ids)} utterance{plural} ({', '.join(ids[:_NAMED])}{more})"


def conditions_path(cuts: Path) -> Path:
    """Return where it stands beside a split's cuts what is known of its utterances."""
    return cuts.with_name(cuts.name.replace(".cuts.", ".conditions."))


def read_conditions(cuts: Path) -> dict[str, dict[str, Any]]:
    """Return what is known of each utterance of a split, by its id.

    Of speech that the corpus step made: noise, rooms, voices. Of recordings: what the tables of
    `corpus.details` say. Nothing where the corpus says nothing.
    """
    path = conditions_path(cuts)
    rows: list[dict[str, Any]] = read_jsonl(path) if path.is_file() else []
    return {row["id"]: row for row in rows}


def says_noise(row: Mapping[str, Any]) -> bool:
    """Tell whether the corpus step wrote a row; a table's column may be called noise too."""
    return "noise" in row and not isinstance(row["noise"], str)
