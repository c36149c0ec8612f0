"""Command acceptance: slots of what was heard against slots of what was said."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from schatten.artifacts import AcceptedAtLevel
from schatten.grammar.slots import Command, Parser
from schatten.score.alignment import align
from schatten.score.bootstrap import CONFIDENCE, SAMPLES, rate_interval
from schatten.transcripts import Utterance


@dataclass(frozen=True)
class Heard:
    """A command as it was said and as it was heard."""

    level: str
    slots: Mapping[str, str]
    """What was said."""
    words: Sequence[str]
    """What was heard."""
    text: Sequence[str] | None = None
    """The words that were said, where they are known."""
    command: Command | None = None
    """The command that the device found in what it heard; None: it is looked up here."""
    speaker: str | None = None
    """Who said it, where that is known."""


class Slots:
    """Slots of words, each sequence of words looked up once."""

    def __init__(self, parser: Parser) -> None:
        """Take the parser of a grammar."""
        self._parser = parser
        self._known: dict[tuple[str, ...], Command] = {}

    def of(self, words: Sequence[str]) -> Command:
        """Return the nearest command to some words."""
        key = tuple(words)
        if key not in self._known:
            self._known[key] = self._parser.command(key)
        return self._known[key]


def accepted(heard: Iterable[Heard], slots: Slots) -> list[AcceptedAtLevel]:
    """Return the counts of each level, in the order in which levels come first."""
    by_level: dict[str, list[Heard]] = {}
    for one in heard:
        by_level.setdefault(one.level, []).append(one)
    return [_counted(level, some, slots) for level, some in by_level.items()]


def interval(heard: Sequence[Heard], slots: Slots) -> tuple[float, float] | None:
    """Return the 95 % interval of the share that is right, in percent, with speakers drawn.

    None where a speaker is not known, or where there is one alone.
    """
    speakers = sorted({one.speaker for one in heard if one.speaker is not None})
    if len(speakers) < 2 or any(one.speaker is None for one in heard):
        return None
    place = {speaker: number for number, speaker in enumerate(speakers)}
    counts = np.zeros((len(speakers), 2), dtype=np.int64)
    for one in heard:
        right = (one.command or slots.of(one.words)).slots == one.slots
        counts[place[one.speaker or ""]] += (right, 1)
    return rate_interval(counts[:, 0], counts[:, 1], SAMPLES, CONFIDENCE)


def _counted(level: str, heard: Sequence[Heard], slots: Slots) -> AcceptedAtLevel:
    commands = [one.command or slots.of(one.words) for one in heard]
    said = [one for one in heard if one.text is not None]
    aligned = [align(Utterance("", "", tuple(one.text or ())), list(one.words)) for one in said]
    return AcceptedAtLevel(
        level=level,
        commands=len(heard),
        right=sum(c.slots == one.slots for c, one in zip(commands, heard, strict=True)),
        exact=sum(not c.edits for c in commands),
        words=sum(len(one.text or ()) for one in said),
        word_errors=sum(one.errors for one in aligned),
        interval=interval(heard, slots),
    )
