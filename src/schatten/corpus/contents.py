"""The content of text files as one hash, which is fast to compute again.

The Snakefile needs it whenever it is parsed, and language model text may be gigabytes. So hashes
are kept in Snakemake's own folder, by the files' sizes and modification times.
"""

import contextlib
from collections.abc import Sequence
from pathlib import Path

from schatten.errors import UserError
from schatten.runtime.files import atomic_output, digest, sha256

_HOME = Path(".snakemake")
_KEPT = _HOME / "contents"
_SMALL = 1 << 20
"""Bytes below which files are hashed each time."""
_LENGTH = 64


def contents(paths: Sequence[Path]) -> str:
    """Return the SHA-256 of the content of files, in hexadecimal; their names do not count.

    Their order and copies among them do not matter. Files whose sizes and modification times are
    those of an earlier call in this project's folder count as unchanged.
    """
    status = [(str(path.absolute()), path.stat()) for path in paths]
    if not _HOME.is_dir() or sum(one.st_size for _, one in status) < _SMALL:
        return _hash(paths)
    stamp = digest([(name, one.st_size, one.st_mtime_ns) for name, one in status], _LENGTH)
    kept = _KEPT / stamp
    with contextlib.suppress(OSError):
        if len(found := kept.read_text()) == _LENGTH:
            return found
    found = _hash(paths)
    with contextlib.suppress(OSError, UserError), atomic_output(kept, lasting=False) as beside:
        beside.write_text(found)
    return found


def _hash(paths: Sequence[Path]) -> str:
    return digest(sorted({sha256(path) for path in paths}), _LENGTH)
