"""Command acceptance: slots of what was heard against slots of what was said."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from schatten.artifacts import AcceptedAtLevel
from schatten.grammar.slots import Command, Parser
from schatten.score.alignment import align
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
    )
