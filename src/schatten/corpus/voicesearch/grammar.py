"""Grammars of queries: rules that are drawn from, in plain text files (not a parser of speech).

A file holds rules. `#` starts a comment, and an indented line continues the rule above:

    greeting = 3* hello <name> | good [sunny] morning
    name ~ anna | ben

`|` separates alternatives, and `N*` is the weight of one (1 by default). `<rule>` stands for a draw
of that rule. A part in `[ ]` is left out half of the time. With `=` alternatives have their
weights. With `~` the i-th (from 0) has its weight times 1 / (i + 10), so the first are the most
frequent. A sentence is a draw of the rule `query`.

In the package's grammars, which are English, `a` becomes `an` before a vowel.
"""

import re
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from random import Random

from schatten.errors import UserError
from schatten.letters import composed
from schatten.runtime.files import as_text, read_text

FOLDER = Path(__file__).parent / "grammars"
START = "query"
_RULE = re.compile(r"^([a-z_]+) ([=~]) (.+)$")
_WEIGHT = re.compile(r"^(\d+)\* ")
_OPTION = re.compile(r"\[([^\[\]|]+)\]")
_PART = re.compile(r"<([a-z_]+(?:\?\d+)?)>|([^<]+)")
_LETTERS = "abcdefghijklmnopqrstuvwxyz'"
"""Characters of words in the package's grammars."""
_ARTICLE = re.compile(r"\ba (?=[aeiou](?!ne\b|ni[^mn]|u|se))")
_FLATTENING = 10


@dataclass(frozen=True)
class TextOrRule:
    """Literal words, or the name of a rule to draw from."""

    text: str
    is_rule: bool


@dataclass(frozen=True)
class Rule:
    """Alternatives with their cumulative weights."""

    alternatives: tuple[tuple[TextOrRule, ...], ...]
    cumulative: tuple[float, ...]

    def draw(self, random: Random) -> tuple[TextOrRule, ...]:
        """Draw an alternative."""
        return random.choices(self.alternatives, cum_weights=self.cumulative)[0]


class Grammar:
    """Rules by name; every name they use is among them."""

    def __init__(self, rules: dict[str, Rule], *, is_english: bool) -> None:
        self.rules = rules
        self._is_english = is_english

    def sentence(self, random: Random) -> str:
        """Draw a query: words with one space between them."""
        words = " ".join(self._expand(START, random).split())
        return _ARTICLE.sub("an ", words) if self._is_english else words

    def _expand(self, name: str, random: Random) -> str:
        parts = self.rules[name].draw(random)
        return "".join(self._expand(p.text, random) if p.is_rule else p.text for p in parts)


@dataclass
class _Rules:
    """What is read of the files of a grammar."""

    letters: str
    """Characters that words may have."""
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


def load(name: str, folder: Path = FOLDER) -> Grammar:
    """Read the English grammar that lies in `folder/name/*.grammar`.

    Errors: `UserError` for a line that is no rule, an unknown or repeated rule, or odd characters.
    """
    read = _Rules(_LETTERS, "a-z, '", {START: str(folder / name)})
    for path in sorted((folder / name).glob("*.grammar")):
        for where, line in _logical_lines(path, as_text(path.read_bytes(), path)):
            _read_rule(where, line, read)
    return Grammar(read.checked(), is_english=True)


def load_own(path: Path, alphabet: str) -> Grammar:
    """Read a grammar of the user's own, in any language, whose words are in an alphabet.

    Errors: `UserError` as in `load`.
    """
    read = _Rules(alphabet, f"those of the recipe's text.alphabet ({alphabet})", {START: str(path)})
    for where, line in _logical_lines(path, composed(read_text(path))):
        _read_rule(where, line, read)
    return Grammar(read.checked(), is_english=False)


def _logical_lines(path: Path, content: str) -> list[tuple[str, str]]:
    """Join indented lines to the one above; return (`file:line`, text) pairs."""
    lines: list[tuple[str, str]] = []
    for number, line in enumerate(content.splitlines(), 1):
        text = line.split("#")[0]
        words = " ".join(text.split())
        if words and text[0] == " " and lines:
            where, above = lines.pop()
            lines.append((where, f"{above} {words}"))
        elif words:
            lines.append((f"{path}:{number}", words))
    return lines


def _read_rule(where: str, line: str, read: _Rules) -> None:
    match = _RULE.match(line)
    if match is None:
        raise UserError(f"{where}: not a rule: write `name = words | <other_rule> words`")
    name, operator, body = match.groups()
    if name in read.rules:
        raise UserError(f"{where}: the rule {name} is written twice: merge the two")
    options: list[str] = []
    body = _OPTION.sub(lambda found: _option(name, found.group(1), options), body)
    for index, option in enumerate(options):
        read.rules[f"{name}?{index}"] = _rule(where, f"{option} | ", "=", read)
    read.rules[name] = _rule(where, body, operator, read)


def _option(name: str, words: str, options: list[str]) -> str:
    options.append(words)
    return f"<{name}?{len(options) - 1}>"


def _rule(where: str, body: str, operator: str, read: _Rules) -> Rule:
    alternatives, weights = [], []
    for index, alternative in enumerate(body.split("|")):
        text = alternative.strip()
        weight = _WEIGHT.match(text)
        share = 1 / (index + _FLATTENING) if operator == "~" else 1.0
        weights.append(share * (int(weight.group(1)) if weight else 1))
        alternatives.append(_parts(where, text[weight.end() :] if weight else text, read))
    return Rule(tuple(alternatives), tuple(accumulate(weights)))


def _parts(where: str, text: str, read: _Rules) -> tuple[TextOrRule, ...]:
    parts = []
    for rule, words in _PART.findall(text):
        if rule:
            read.used.setdefault(rule, where)
        elif not set(words) <= {*read.letters, " "}:
            raise UserError(
                f"{where}: {words!r} has characters other than {read.letters_name} and space"
            )
        parts.append(TextOrRule(rule or words, bool(rule)))
    return tuple(parts)
