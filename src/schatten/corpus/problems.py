"""The faults of a corpus, collected by kind and reported in one readable list."""

from collections import defaultdict
from collections.abc import Iterable

from schatten.errors import UserError

_SHOWN = 10


class Problems:
    """Names of utterances, files or speakers by kind of problem."""

    def __init__(self) -> None:
        self._names: dict[str, list[str]] = defaultdict(list)

    def add(self, kind: str, name: str) -> None:
        """Add a fault; `kind` names it and, after a colon, the fix."""
        self._names[kind].append(name)

    def extend(self, kind: str, names: Iterable[str]) -> None:
        """Add many faults of a kind."""
        for name in names:
            self.add(kind, name)

    def raise_if_any(self, what: str) -> None:
        """Raise a `UserError` that lists every kind: its count and its first ten names."""
        if self._names:
            raise UserError(f"{what} cannot be used:\n{self}")

    def __str__(self) -> str:
        return "\n".join(_paragraph(kind, names) for kind, names in self._names.items())


def _paragraph(kind: str, names: list[str]) -> str:
    shown = "\n".join(f"    {name}" for name in sorted(names)[:_SHOWN])
    rest = f"\n    ... and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"  {len(names)} x {kind}\n{shown}{rest}"
