"""Rules that sentences are drawn from, whichever form their file has."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from schatten.errors import UserError

START = "query"
_ARTICLE = re.compile(r"\ba (?=[aeiou](?!ne\b|ni[^mn]|u|se))")


@dataclass(frozen=True)
class Part:
    """Literal words, or a rule to draw from, which may be a slot."""

    text: str
    is_rule: bool
    slot: str | None = None
    """The slot that the rule's words fill."""


@dataclass(frozen=True)
class Rule:
    """Alternatives with their cumulative weights."""

    alternatives: tuple[tuple[Part, ...], ...]
    cumulative: tuple[float, ...]
    where: str = ""
    """File and line."""

    def draw(self, random: Random) -> tuple[Part, ...]:
        """Draw an alternative."""
        return random.choices(self.alternatives, cum_weights=self.cumulative)[0]


class Grammar:
    """Rules by name; every name they use is among them. A sentence is a draw of the rule `query`.

    With `english_articles`, `a` becomes `an` before a vowel.
    """

    def __init__(
        self,
        rules: dict[str, Rule],
        *,
        is_english: bool,
        letters: str = "",
        letters_name: str = "",
    ) -> None:
        """Take rules, and the characters of their words with what messages call them."""
        self.rules = rules
        self.has_english_articles = is_english
        self.letters, self.letters_name = letters, letters_name

    def sentence(self, random: Random) -> str:
        """Draw a query: words with one space between them."""
        words = " ".join(self._expand(START, random).split())
        return _ARTICLE.sub("an ", words) if self.has_english_articles else words

    def _expand(self, name: str, random: Random) -> str:
        parts = self.rules[name].draw(random)
        return "".join(self._expand(p.text, random) if p.is_rule else p.text for p in parts)

    @property
    def slots(self) -> tuple[str, ...]:
        """Names of the slots, sorted."""
        parts = (p for rule in self.rules.values() for some in rule.alternatives for p in some)
        return tuple(sorted({part.slot for part in parts if part.slot is not None}))


@dataclass
class Reading:
    """What is read of the files of a grammar."""

    letters: str
    """Characters that words may have; none: all."""
    letters_name: str
    """What they are called in messages."""
    used: dict[str, str]
    """Where a rule is used first, by its name."""
    rules: dict[str, Rule] = field(default_factory=dict)

    def checked(self) -> dict[str, Rule]:
        """Return the rules. Errors: `UserError` for a rule that is used but not written."""
        for rule, where in self.used.items():
            if rule not in self.rules:
                fix = "write it, or correct the name"
                raise UserError(f"{where}: there is no rule <{rule}>: {fix}")
        return self.rules

    def check_words(self, where: str, words: str) -> None:
        """Refuse words with characters outside the alphabet."""
        if self.letters and not set(words) <= {*self.letters, " "}:
            raise UserError(
                f"{where}: {words!r} has characters other than {self.letters_name} and space"
            )


def circle(rules: dict[str, Rule]) -> Sequence[str]:
    """Return names of rules that use each other in a circle, the first one twice; none: empty."""
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> Sequence[str]:
        if name in path:
            return (*path[path.index(name) :], name)
        if name in done:
            return ()
        for alternative in rules[name].alternatives:
            for part in alternative:
                if part.is_rule and (found := visit(part.text, (*path, name))):
                    return found
        done.add(name)
        return ()

    return visit(START, ())
