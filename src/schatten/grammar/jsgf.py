"""Reads JSGF, the Java Speech Grammar Format of pocketsphinx and others, version 1.0.

Read are rules, alternatives with weights (`/3/`), groups, options, quoted words, `<NULL>`, and
tags: `<sizes> {size}` makes the words of <sizes> the slot `size`. Sentences begin with the public
rules. Repeats (`*`, `+`) and imports are refused, as a command has a longest length.
"""

import re
from itertools import accumulate
from pathlib import Path

from schatten.errors import UserError
from schatten.grammar.rules import START, Part, Reading, Rule

SUFFIX = ".jsgf"
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_TOKEN = re.compile(
    r"(?P<space>\s+)|(?P<weight>/\s*\d+(?:\.\d+)?\s*/)|(?P<rule><[^<>\s]+>)|\{(?P<tag>[^{}]*)\}"
    r'|"(?P<quoted>[^"\n]*)"|(?P<mark>[()\[\]|=;*+])|(?P<word>[^\s()\[\]|=;*+<>{}"/]+)'
)
_SLOT = re.compile(r"[A-Za-z_]\w*")


def read_rules(path: Path, text: str, read: Reading) -> None:
    """Read the rules of a file; the rule `query` has the public ones as alternatives.

    Errors: `UserError` with file and line for what is no JSGF, or is not read of it.
    """
    header, _, body = text.partition("\n")
    if not header.lstrip("\ufeff").startswith("#JSGF"):
        raise UserError(f"{path}:1: no JSGF: begin with the line `#JSGF V1.0;`")
    parser = _Parser(path, "\n" + _COMMENT.sub(_blank, body), read)
    public = parser.rules()
    if not public:
        raise UserError(f"{path}: no rule is public: write `public` before the one to begin with")
    alternatives = tuple((Part(name, is_rule=True),) for name in public)
    read.rules[START] = Rule(alternatives, tuple(accumulate([1.0] * len(public))), f"{path}:1")


def _blank(comment: re.Match[str]) -> str:
    """Return a comment's line ends, so that lines keep their numbers."""
    return " " + "\n" * comment[0].count("\n")


class _Parser:
    """Reads tokens from left to right."""

    def __init__(self, path: Path, text: str, read: Reading) -> None:
        self.read = read
        self.tokens = list(_tokens(path, text))
        self.place = 0
        self.groups = 0

    def rules(self) -> list[str]:
        """Read every statement; return the names of the public rules."""
        public = []
        while self.kind != "end":
            word = self.text if self.kind == "word" else ""
            if word == "grammar":
                self._skip_statement()
            elif word == "import":
                self._refuse("imports are not read: copy the rules into this file")
            else:
                is_public = word == "public"
                if is_public:
                    self.place += 1
                name = self._rule()
                public += [name] if is_public else []
        return public

    @property
    def kind(self) -> str:
        """Kind of the next token."""
        return self.tokens[self.place][0]

    @property
    def text(self) -> str:
        """Text of the next token."""
        return self.tokens[self.place][1]

    @property
    def where(self) -> str:
        """File and line of the next token."""
        return self.tokens[self.place][2]

    def _refuse(self, why: str) -> None:
        raise UserError(f"{self.where}: {why}")

    def _take(self, mark: str, after: str) -> None:
        if (self.kind, self.text) != ("mark", mark):
            said = "the end of the file" if self.kind == "end" else repr(self.text)
            self._refuse(f"{said} stands where {after} needs `{mark}`: write it")
        self.place += 1

    def _is(self, *marks: str) -> bool:
        return self.kind == "mark" and self.text in marks

    def _skip_statement(self) -> None:
        while not self._is(";"):
            if self.kind == "end":
                self._refuse("a line `grammar NAME` ends with `;`: write it")
            self.place += 1
        self.place += 1

    def _rule(self) -> str:
        where = self.where
        if self.kind != "rule":
            self._refuse(f"{self.text!r} begins no rule: write `<name> = words;`")
        name = _name(self.text)
        self.place += 1
        if name in self.read.rules:
            raise UserError(f"{where}: the rule <{name}> is written twice: merge the two")
        self._take("=", f"<{name}>")
        self.groups = 0
        self.read.rules[name] = self._alternatives(name, where)
        self._take(";", f"the end of <{name}>")
        return name

    def _alternatives(self, name: str, where: str) -> Rule:
        """Read alternatives up to the mark after them."""
        alternatives, weights = [], []
        while True:
            weight = 1.0
            if self.kind == "weight":
                weight = float(self.text.strip("/ \t\n"))
                self.place += 1
            alternatives.append(tuple(self._sequence(name)))
            weights.append(weight)
            if not self._is("|"):
                break
            self.place += 1
        if not sum(weights):
            raise UserError(f"{where}: all weights of <{name}> are 0: raise one")
        return Rule(tuple(alternatives), tuple(accumulate(weights)), where)

    def _sequence(self, name: str) -> list[Part]:
        """Read words, rules, groups and options that follow each other."""
        parts: list[Part] = []
        while True:
            if self._is("(", "["):
                parts += [_SPACE, self._group(name), _SPACE]
            elif self.kind in ("word", "quoted"):
                self.read.check_words(self.where, self.text)
                parts.append(Part(f" {self.text} ", is_rule=False))
                self.place += 1
            elif self.kind == "rule":
                parts += [_SPACE, *self._reference(), _SPACE]
            elif self.kind == "tag":
                self._tag(name, parts)
            elif self._is("*", "+"):
                self._refuse("repeats (* and +) are not read: write out how often")
            elif self._is(")", "]", "|", ";", "=") or self.kind == "end":
                return parts
            else:
                self._refuse(f"{self.text!r} is not read here: remove it")

    def _reference(self) -> list[Part]:
        name = _name(self.text)
        if name == "VOID":
            self._refuse("<VOID> is not read: remove the alternative")
        if name != "NULL":
            self.read.used.setdefault(name, self.where)
        self.place += 1
        return [] if name == "NULL" else [Part(name, is_rule=True)]

    def _group(self, name: str) -> Part:
        where, opening = self.where, self.text
        self.place += 1
        self.groups += 1
        inner = f"{name}?{self.groups}"
        rule = self._alternatives(name, where)
        self._take(")" if opening == "(" else "]", f"`{opening}`")
        if opening == "[":  # left out half of the time
            whole = f"{inner}?"
            self.read.rules[whole] = rule
            rule = Rule(((Part(whole, is_rule=True),), ()), (1.0, 2.0), where)
        self.read.rules[inner] = rule
        return Part(inner, is_rule=True)

    def _tag(self, name: str, parts: list[Part]) -> None:
        """Make the part before a tag the slot that the tag names."""
        tag = self.text.strip()
        if not _SLOT.fullmatch(tag):
            self._refuse(f"the tag {{{tag}}} is no name of a slot: write letters, digits and _")
        while parts and parts[-1] == _SPACE:
            parts.pop()
        if not parts:
            self._refuse(f"the tag {{{tag}}} follows nothing: put it after a word or a rule")
        last = parts.pop()
        if not last.is_rule:
            self.groups += 1
            inner = f"{name}?{self.groups}"
            self.read.rules[inner] = Rule(((last,),), (1.0,), self.where)
            last = Part(inner, is_rule=True)
        parts += [_SPACE, Part(last.text, is_rule=True, slot=tag), _SPACE]
        self.place += 1


_SPACE = Part(" ", is_rule=False)


def _name(token: str) -> str:
    """Return the name of a rule, without the name of its grammar."""
    return token.strip("<>").rpartition(".")[2]


def _tokens(path: Path, text: str) -> list[tuple[str, str, str]]:
    """Return (kind, text, `file:line`) of each token, and `end`."""
    found, place, line = [], 0, 1
    while place < len(text):
        match = _TOKEN.match(text, place)
        where = f"{path}:{line}"
        if match is None:
            raise UserError(f"{where}: {text[place]!r} is no JSGF here: remove or close it")
        kind = str(match.lastgroup)
        if kind != "space":
            found.append((kind, match[kind], where))
        line += match[0].count("\n")
        place = match.end()
    return [*found, ("end", "", f"{path}:{line}")]
