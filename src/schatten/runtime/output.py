"""What a verb prints arrives, or the verb fails: a full disk or a closed pipe loses no result."""

import io
import os
import sys
from typing import TYPE_CHECKING

from schatten.errors import UserError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class _Output(io.FileIO):
    """A file whose first failing write is a `UserError`; what comes after it is dropped."""

    _is_lost = False

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write bytes and return how many.

        A `UserError` passes through click, which ends without a word where a pipe is closed. The
        interpreter flushes once more when it ends, which must not fail again.
        """
        if self._is_lost:
            return memoryview(data).nbytes
        try:
            return super().write(data)
        except OSError as error:
            self._is_lost = True
            raise UserError(f"standard output cannot be written: {error.strerror}") from None


def guard() -> None:
    """Let `sys.stdout` raise `UserError` where it cannot be written; call `flush` at the end."""
    before = sys.stdout
    if before is None:  # it was closed: nothing can be written to a file that is opened to read
        sys.stdout = _text(_Output(os.open(os.devnull, os.O_RDONLY), "w"), "utf-8", "strict", False)
    elif isinstance(before, io.TextIOWrapper) and before is sys.__stdout__:
        raw = _Output(before.fileno(), "w", closefd=False)
        sys.stdout = _text(raw, before.encoding, before.errors or "strict", before.line_buffering)


def flush() -> None:
    """Write what is still held back; errors as in `guard`."""
    sys.stdout.flush()


def _text(raw: _Output, encoding: str, errors: str, by_line: bool) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding=encoding, errors=errors, line_buffering=by_line
    )
