"""Grammars of queries: rules that are drawn from, in plain text files (not a parser of speech).

A file holds rules. `#` starts a comment, and an indented line continues the rule above:

    greeting = 3* hello <name> | good [sunny] morning
    name ~ anna | ben

`|` separates alternatives, and `N*` is the weight of one (1 by default). `<rule>` stands for a draw
of that rule. A part in `[ ]` is left out half of the time. With `=` alternatives have their
weights. With `~` the i-th (from 0) has its weight times 1 / (i + 10), so the first are the most
frequent. A sentence is a draw of the rule `query`.
"""

import re
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from random import Random

from schatten.errors import UserError

FOLDER = Path(__file__).parent / "grammars"
START = "query"
_RULE = re.compile(r"^([a-z_]+) ([=~]) (.+)$")
_WEIGHT = re.compile(r"^(\d+)\* ")
_OPTION = re.compile(r"\[([^\[\]|]+)\]")
_PART = re.compile(r"<([a-z_]+(?:\?\d+)?)>|([^<]+)")
_WORDS = re.compile(r"[a-z' ]+")
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

    def __init__(self, rules: dict[str, Rule]) -> None:
        self.rules = rules

    def sentence(self, random: Random) -> str:
        """Draw a query: lower-case words of a-z and apostrophes, one space between them."""
        words = " ".join(self._expand(START, random).split())
        return _ARTICLE.sub("an ", words)

    def _expand(self, name: str, random: Random) -> str:
        parts = self.rules[name].draw(random)
        return "".join(self._expand(p.text, random) if p.is_rule else p.text for p in parts)


def load(name: str, folder: Path = FOLDER) -> Grammar:
    """Read the grammar that lies in `folder/name/*.grammar`.

    Errors: `UserError` for a line that is no rule, an unknown or repeated rule, or odd characters.
    """
    rules: dict[str, Rule] = {}
    used: dict[str, str] = {START: str(folder / name)}
    for path in sorted((folder / name).glob("*.grammar")):
        for where, line in _logical_lines(path):
            _read_rule(where, line, rules, used)
    for rule, where in used.items():
        if rule not in rules:
            raise UserError(f"{where}: there is no rule <{rule}>: write it, or correct the name")
    return Grammar(rules)


def _logical_lines(path: Path) -> list[tuple[str, str]]:
    """Join indented lines to the one above; return (`file:line`, text) pairs."""
    lines: list[tuple[str, str]] = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        text = line.split("#")[0]
        words = " ".join(text.split())
        if words and text[0] == " " and lines:
            where, above = lines.pop()
            lines.append((where, f"{above} {words}"))
        elif words:
            lines.append((f"{path}:{number}", words))
    return lines


def _read_rule(where: str, line: str, rules: dict[str, Rule], used: dict[str, str]) -> None:
    match = _RULE.match(line)
    if match is None:
        raise UserError(f"{where}: not a rule: write `name = words | <other_rule> words`")
    name, operator, body = match.groups()
    if name in rules:
        raise UserError(f"{where}: the rule {name} is written twice: merge the two")
    options: list[str] = []
    body = _OPTION.sub(lambda found: _option(name, found.group(1), options), body)
    for index, option in enumerate(options):
        rules[f"{name}?{index}"] = _rule(where, f"{option} | ", "=", used)
    rules[name] = _rule(where, body, operator, used)


def _option(name: str, words: str, options: list[str]) -> str:
    options.append(words)
    return f"<{name}?{len(options) - 1}>"


def _rule(where: str, body: str, operator: str, used: dict[str, str]) -> Rule:
    alternatives, weights = [], []
    for index, alternative in enumerate(body.split("|")):
        text = alternative.strip()
        weight = _WEIGHT.match(text)
        share = 1 / (index + _FLATTENING) if operator == "~" else 1.0
        weights.append(share * (int(weight.group(1)) if weight else 1))
        alternatives.append(_parts(where, text[weight.end() :] if weight else text, used))
    return Rule(tuple(alternatives), tuple(accumulate(weights)))


def _parts(where: str, text: str, used: dict[str, str]) -> tuple[TextOrRule, ...]:
    parts = []
    for rule, words in _PART.findall(text):
        if rule:
            used.setdefault(rule, where)
        elif _WORDS.fullmatch(words) is None:
            raise UserError(f"{where}: {words!r} has characters other than a-z, ' and space")
        parts.append(TextOrRule(rule or words, bool(rule)))
    return tuple(parts)
