"""The content of files as one hash, which is fast to compute again.

The Snakefile needs it whenever it is parsed, and language model text or recorded noise may be
gigabytes. So hashes are kept in Snakemake's own folder, by the files' sizes and modification times.
"""

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path

from schatten.errors import UserError
from schatten.runtime.files import atomic_output, digest, sha256

_HOME = Path(".snakemake")
_KEPT = _HOME / "contents"
_SMALL = 1 << 20
"""Bytes below which files are hashed each time."""
_LENGTH = 64


def contents(paths: Sequence[Path], *, in_order: bool = False) -> str:
    """Return the SHA-256 of the content of files, in hexadecimal; their names do not count.

    Their order and copies among them do not matter, unless they are taken `in_order`. Files whose
    sizes and modification times are those of an earlier call in this project's folder count as
    unchanged.

    Errors: `UserError` for a file that cannot be read.
    """
    status = [(str(path.absolute()), _status(path)) for path in paths]
    if not _HOME.is_dir() or sum(one.st_size for _, one in status) < _SMALL:
        return _hash(paths, in_order=in_order)
    rows: list[object] = [(name, one.st_size, one.st_mtime_ns) for name, one in status]
    kept = _KEPT / digest([*rows, "in order"] if in_order else rows, _LENGTH)
    with contextlib.suppress(OSError):
        if len(found := kept.read_text()) == _LENGTH:
            return found
    found = _hash(paths, in_order=in_order)
    with contextlib.suppress(OSError, UserError), atomic_output(kept, lasting=False) as beside:
        beside.write_text(found)
    return found


def content(path: Path) -> str:
    """Return the SHA-256 of a file that the user wrote, in hexadecimal.

    Errors: `UserError` if it cannot be read.
    """
    try:
        return sha256(path)
    except OSError as error:
        raise _unreadable(path, error) from None


def _hash(paths: Sequence[Path], *, in_order: bool) -> str:
    hashes = [content(path) for path in paths]
    return digest(hashes if in_order else sorted(set(hashes)), _LENGTH)


def _status(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except OSError as error:
        raise _unreadable(path, error) from None


def _unreadable(path: Path, error: OSError) -> UserError:
    return UserError(f"{path} cannot be read ({error.strerror}): correct its path or its rights")
