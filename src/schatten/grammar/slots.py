"""Slots of a command: the sentence of a grammar that is nearest to the words that were heard."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from schatten.grammar.network import network_of
from schatten.grammar.rules import Grammar

_INFINITE = 1 << 30
_EDIT = 1 << 16
"""Cost of an edit. A heard word that the sentence does not have costs one more: of two sentences
with as few edits, the one that keeps more of what was heard is nearer."""


@dataclass(frozen=True)
class Command:
    """A sentence of a grammar with its slots."""

    text: str
    slots: Mapping[str, str]
    """The words of each slot, by its name."""
    edits: int
    """Words that were added, left out or replaced to come to the sentence."""

    def as_json(self) -> dict[str, Any]:
        """Return the command as it is printed."""
        return {"text": self.text, "slots": dict(self.slots), "edits": self.edits}


@dataclass(frozen=True)
class _Path:
    """The last step of a way through the network: a word, or a slot that begins or ends."""

    before: "_Path | None"
    word: str | None = None
    slot: str | None = None
    begins: bool = False


class Parser:
    """Finds commands of a grammar in recognised words."""

    def __init__(self, grammar: Grammar) -> None:
        """Build the grammar's network; errors as `network_of`."""
        self._network = network_of(grammar)
        self._has_articles = grammar.has_english_articles

    def command(self, words: Sequence[str]) -> Command:
        """Return the sentence with the fewest edits from `words`, and its slots.

        A word that is added, left out or replaced counts as one edit. Of several sentences with as
        few edits it is the one that leaves out the fewest words that were heard, then the one that
        the grammar's files name first. `a` and `an` are one word in a
        grammar with English articles; a slot that is filled twice keeps its last words.
        """
        columns = [self._column(None, None, None)]
        for word in words:
            columns.append(self._column(columns[-1][0], columns[-1][1], self._plain(word)))
        costs, paths = columns[-1]
        return _command(paths[self._network.final], costs[self._network.final] // _EDIT)

    def _plain(self, word: str) -> str:
        return "a" if self._has_articles and word == "an" else word

    def _column(
        self, costs: list[int] | None, paths: "list[_Path | None] | None", word: str | None
    ) -> "tuple[list[int], list[_Path | None]]":
        """Return the fewest edits and the way to each state after one more word."""
        network = self._network
        count = len(network.words)
        new: list[int] = [_INFINITE] * count
        ways: list[_Path | None] = [None] * count
        if costs is None or paths is None:
            new[0] = 0
        else:
            for state in range(count):
                cost = costs[state]
                for expected, after in network.words[state]:
                    edits = cost + _EDIT * (self._plain(expected) != word)
                    if edits < new[after]:
                        new[after], ways[after] = edits, _Path(paths[state], word=expected)
                if cost + _EDIT + 1 < new[state]:  # a word that the sentence does not have
                    new[state], ways[state] = cost + _EDIT + 1, paths[state]
        for state in range(count):  # arcs lead upwards, so each state is whole when it is reached
            cost = new[state]
            for after, slot, begins in network.empty[state]:
                if cost < new[after]:
                    step = ways[state] if slot is None else _Path(ways[state], None, slot, begins)
                    new[after], ways[after] = cost, step
            for expected, after in network.words[state]:
                if cost + _EDIT < new[after]:  # a word that was not heard
                    new[after], ways[after] = cost + _EDIT, _Path(ways[state], word=expected)
        return new, ways


def _command(path: _Path | None, edits: int) -> Command:
    """Read words and slots off a way through the network."""
    steps = []
    while path is not None:
        steps.append(path)
        path = path.before
    words: list[str] = []
    slots: dict[str, str] = {}
    begun = 0
    for step in reversed(steps):
        if step.word is not None:
            words.append(step.word)
        elif step.begins:
            begun = len(words)
        elif step.slot is not None and words[begun:]:
            slots[step.slot] = " ".join(words[begun:])
    return Command(" ".join(words), dict(sorted(slots.items())), edits)
