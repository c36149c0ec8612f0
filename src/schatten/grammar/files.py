"""Grammars of queries: rules that are drawn from, in plain text files.

A file holds rules. `#` starts a comment, and an indented line continues the rule above:

    greeting = 3* hello <name> | good [sunny] morning
    name ~ anna | ben

`|` separates alternatives, and `N*` is the weight of one (1 by default). `<rule>` stands for a draw
of that rule, and `<slot:rule>` too: its words fill a slot of a command. A part in `[ ]` is left out
half of the time. With `=` alternatives have their weights. With `~` the i-th (from 0) has its
weight times 1 / (i + 10), so the first are the most frequent. A sentence is a draw of the rule
`query`.

In the package's grammars, which are English, `a` becomes `an` before a vowel. A file of one's own
asks for that with a line `! english articles`.
"""

import re
from collections.abc import Iterable
from itertools import accumulate
from pathlib import Path

from schatten.errors import UserError
from schatten.grammar import jsgf
from schatten.grammar.rules import START, Grammar, Part, Reading, Rule
from schatten.letters import composed
from schatten.runtime.files import as_text, read_text

_RULE = re.compile(r"^([a-z_]+) ([=~]) (.+)$")
_WEIGHT = re.compile(r"^(\d+)\* ")
_OPTION = re.compile(r"\[([^\[\]|]+)\]")
_PART = re.compile(r"<(?:([A-Za-z_]\w*):)?([a-z_]+(?:\?\d+)?)>|([^<]+)")
_LETTERS = "abcdefghijklmnopqrstuvwxyz'"
"""Characters of words in the package's grammars."""
_ARTICLES = "! english articles"
_FLATTENING = 10


def load_packaged(name: str, folder: Path) -> Grammar:
    """Read the English grammar that lies in `folder/name/*.grammar`.

    Errors: `UserError` for a line that is no rule, an unknown or repeated rule, or odd characters.
    """
    read = Reading(_LETTERS, "a-z, '", {START: str(folder / name)})
    for path in sorted((folder / name).glob("*.grammar")):
        for where, line in _logical_lines(path, as_text(path.read_bytes(), path)):
            _read_rule(where, line, read)
    return Grammar(read.checked(), is_english=True)


def load_own(path: Path, alphabet: str = "") -> Grammar:
    """Read a grammar of the user's own, in any language, whose words are in an alphabet.

    A file that ends in `.jsgf` is in the form of JSGF. Without an alphabet all words are read.

    Errors: `UserError` with file and line, as in `load_packaged`.
    """
    read = Reading(
        alphabet, f"those of the recipe's text.alphabet ({alphabet})", {START: str(path)}
    )
    text = composed(read_text(path))
    if path.suffix == jsgf.SUFFIX:
        jsgf.read_rules(path, text, read)
        return Grammar(read.checked(), is_english=False)
    lines = _logical_lines(path, text)
    for where, line in lines:
        if not line.startswith("!"):
            _read_rule(where, line, read)
        elif line != _ARTICLES:
            raise UserError(f"{where}: the only line with `!` is `{_ARTICLES}`: correct it")
    has_articles = any(line == _ARTICLES for _, line in lines)
    return Grammar(read.checked(), is_english=has_articles)


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


def _read_rule(where: str, line: str, read: Reading) -> None:
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


def _rule(where: str, body: str, operator: str, read: Reading) -> Rule:
    alternatives, weights = [], []
    for index, alternative in enumerate(body.split("|")):
        text = alternative.strip()
        weight = _WEIGHT.match(text)
        share = 1 / (index + _FLATTENING) if operator == "~" else 1.0
        weights.append(share * (int(weight.group(1)) if weight else 1))
        alternatives.append(_parts(where, text[weight.end() :] if weight else text, read))
    return made(where, alternatives, weights)


def made(where: str, alternatives: Iterable[tuple[Part, ...]], weights: Iterable[float]) -> Rule:
    """Return a rule of alternatives with their weights."""
    return Rule(tuple(alternatives), tuple(accumulate(weights)), where)


def _parts(where: str, text: str, read: Reading) -> tuple[Part, ...]:
    parts = []
    for slot, rule, words in _PART.findall(text):
        if rule:
            read.used.setdefault(rule, where)
        else:
            read.check_words(where, words)
        parts.append(Part(rule or words, bool(rule), slot or None))
    return tuple(parts)
