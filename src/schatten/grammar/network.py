"""A grammar as a network of words: which sentences it has, and which words fill which slot.

The network is what a search for the nearest sentence runs over (`schatten.grammar.slots`).
"""

from dataclasses import dataclass, field

from schatten.errors import UserError
from schatten.grammar.rules import START, Grammar, Part, circle

_STATES = 200_000
"""States of the largest network: more would take gigabytes, and seconds a sentence."""


@dataclass
class Network:
    """States from 0; arcs of words, and arcs without, which may open or close a slot.

    Every arc leads to a state with a higher number, so one pass in their order sees each state
    after all that lead to it.
    """

    words: list[list[tuple[str, int]]] = field(default_factory=list)
    """By state: words with the state after them."""
    empty: list[list[tuple[int, str | None, bool]]] = field(default_factory=list)
    """By state: a next state, a slot or None, and whether the slot begins (or ends)."""
    final: int = 0

    def as_text(self, *, has_articles: bool) -> str:
        """Return the network as the engine reads it (arm/engine/commands.h).

        `has_articles`: whether `a` and `an` are one word.
        """
        lines = [f"schatten-commands\t1\t{len(self.words)}\t{self.final}\t{int(has_articles)}"]
        for state, (words, empty) in enumerate(zip(self.words, self.empty, strict=True)):
            for after, slot, begins in empty:
                kind = "e" if slot is None else "b" if begins else "x"
                lines.append("\t".join([kind, str(state), str(after), *([slot] if slot else [])]))
            lines += [f"w\t{state}\t{after}\t{word}" for word, after in words]
        return "".join(f"{line}\n" for line in lines)

    def add(self) -> int:
        """Add a state and return its number."""
        self.words.append([])
        self.empty.append([])
        return len(self.words) - 1


def network_of(grammar: Grammar) -> Network:
    """Return the network of a grammar.

    Errors: `UserError` for rules that use each other in a circle, words that are glued to a rule,
    a slot inside a slot, and a grammar that is too large.
    """
    if found := circle(grammar.rules):
        where = grammar.rules[found[0]].where
        said = " uses ".join(f"<{name}>" for name in found)
        raise UserError(f"{where}: {said}, so a command could be endless: write out the repeats")
    network = Network()
    start = network.add()
    network.final = _Builder(grammar, network).rule(START, start, None)
    return network


class _Builder:
    """Adds rules to a network, each time they are used."""

    def __init__(self, grammar: Grammar, network: Network) -> None:
        self.grammar, self.network = grammar, network

    def rule(self, name: str, start: int, slot: str | None) -> int:
        """Add a rule after a state; return the state after it."""
        rule, ends = self.grammar.rules[name], []
        for alternative in rule.alternatives:
            state = start
            for number, part in enumerate(alternative):
                if number and _are_glued(alternative[number - 1], part):
                    raise UserError(
                        f"{rule.where}: {part.text!r} in the rule {name.partition('?')[0]} follows "
                        "without a space: slots are whole words, write one between them"
                    )
                state = self._part(part, state, slot, rule.where)
            ends.append(state)
        if len(ends) == 1 and ends[0] != start:
            return ends[0]
        end = self._add(rule.where)
        for state in ends:
            self.network.empty[state].append((end, None, False))
        return end

    def _part(self, part: Part, state: int, slot: str | None, where: str) -> int:
        network = self.network
        if not part.is_rule:
            for word in part.text.split():
                after = self._add(where)
                network.words[state].append((word, after))
                state = after
            return state
        if part.slot is None:
            return self.rule(part.text, state, slot)
        if slot is not None:
            raise UserError(f"{where}: the slot {part.slot} lies inside the slot {slot}: take one")
        inside = self._add(where)
        network.empty[state].append((inside, part.slot, True))
        state = self.rule(part.text, inside, part.slot)
        outside = self._add(where)
        network.empty[state].append((outside, part.slot, False))
        return outside

    def _add(self, where: str) -> int:
        if len(self.network.words) >= _STATES:
            raise UserError(
                f"{where}: the grammar has more than {_STATES} places for words, too many to find "
                "slots in: split it into several"
            )
        return self.network.add()


def _are_glued(before: Part, part: Part) -> bool:
    """Tell whether a word goes on in the next part."""
    ends = before.is_rule or not before.text or not before.text[-1].isspace()
    begins = part.is_rule or not part.text or not part.text[0].isspace()
    return ends and begins
