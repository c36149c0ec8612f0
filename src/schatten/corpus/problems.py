"""The faults of a corpus, collected by kind and reported in one readable list."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from schatten.errors import UserError

_SHOWN = 10


class Problem(NamedTuple):
    """A fault of an utterance, a file or a speaker."""

    name: str
    """What is wrong, and why."""
    utterances: tuple[str, ...]
    """Ids of utterances in which it can be heard; not of all faults."""


class Unusable(UserError):
    """A corpus with faults: the message lists them, and `problems` holds them by kind."""

    def __init__(self, message: str, problems: dict[str, list[Problem]]) -> None:
        """Take the message and the problems."""
        super().__init__(message)
        self.problems = problems


class Problems:
    """Names of utterances, files or speakers by kind of problem."""

    def __init__(self) -> None:
        self._problems: dict[str, list[Problem]] = defaultdict(list)

    def add(self, kind: str, name: str, utterances: Iterable[str] = ()) -> None:
        """Add a fault; `kind` names it and, after a colon, the fix.

        `utterances`: ids of those in which it can be heard.
        """
        self._problems[kind].append(Problem(name, tuple(utterances)))

    def extend(self, kind: str, names: Iterable[str]) -> None:
        """Add many faults of a kind."""
        for name in names:
            self.add(kind, name)

    def raise_if_any(self, what: str) -> None:
        """Raise an `Unusable` that lists every kind: its count and its first ten names."""
        if self._problems:
            raise Unusable(f"{what} cannot be used:\n{self}", dict(self._problems))

    def __str__(self) -> str:
        return "\n".join(_paragraph(kind, those) for kind, those in self._problems.items())


def _paragraph(kind: str, problems: Sequence[Problem]) -> str:
    names = sorted(problem.name for problem in problems)
    shown = "\n".join(f"    {name}" for name in names[:_SHOWN])
    rest = f"\n    ... and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"  {len(names)} x {kind}\n{shown}{rest}"
