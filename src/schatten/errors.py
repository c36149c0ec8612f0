"""The exception whose message is shown to the user."""

from collections.abc import Collection, Mapping
from typing import TypeVar

T = TypeVar("T")


class UserError(Exception):
    """Bad input; the message is one clear sentence that names the file and the fix.

    The command line prints the sentence and exits with status 1; no traceback is shown.
    """


def known(kind: str, name: str, names: Collection[str]) -> str:
    """Return `name`, which is one of `names`; another is a `UserError` that lists them."""
    if name not in names:
        there = f"there are {', '.join(names)}" if names else f"there is no {kind} at all"
        raise UserError(f"there is no {kind} {name!r}; {there}")
    return name


def pick(kind: str, name: str, among: Mapping[str, T]) -> T:
    """Return the entry of this name; a name that is not there is a `UserError` that lists them."""
    return among[known(kind, name, among)]
