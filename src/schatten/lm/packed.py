"""Opening of files by what they hold: plain or packed by gzip, bzip2 or xz, whatever their name."""

import bz2
import gzip
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

from schatten.errors import UserError

_READERS: dict[bytes, Callable[[Path], Any]] = {
    b"\x1f\x8b": gzip.open,
    b"BZh": bz2.open,
    b"\xfd7zXZ\0": lzma.open,
}
_OTHERS = {
    b"PK\x03\x04": "is a zip archive: unpack it",
    b"\x28\xb5\x2f\xfd": "is packed by zstd: unpack it (`zstd -d`)",
    b"\xff\xfe": "is UTF-16: convert it to UTF-8 (`iconv -f UTF-16 -t UTF-8`)",
    b"\xfe\xff": "is UTF-16: convert it to UTF-8 (`iconv -f UTF-16 -t UTF-8`)",
    b"mmap lm http": "is a KenLM binary: give the ARPA file that it was made of",
    b"blmt": "is a binary of IRSTLM: write it as ARPA (`compile-lm --text=yes`)",
    b"iARPA": "is an iARPA file of IRSTLM: write it as ARPA (`compile-lm --text=yes`)",
    b"qARPA": "is a quantized file of IRSTLM: write it as ARPA (`compile-lm --text=yes`)",
}
"""First bytes of what is often taken for an ARPA file."""


@contextmanager
def open_arpa(path: Path) -> Iterator[BinaryIO]:
    """Open an ARPA file to read its bytes, unpacked.

    Errors: `UserError` for a file that is missing, damaged, or of a kind that is known to be
    another one; also for what goes wrong while the caller reads.
    """
    try:
        with path.open("rb", buffering=0) as file:
            start = file.read(16)
        for magic, what in _OTHERS.items():
            if start.startswith(magic):
                raise UserError(f"{path} {what}")
        opens = next((one for magic, one in _READERS.items() if start.startswith(magic)), None)
        with path.open("rb") if opens is None else opens(path) as unpacked:
            yield cast(BinaryIO, unpacked)
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: make it first, or correct the path") from None
    except (EOFError, OSError, zlib.error, lzma.LZMAError) as error:
        raise UserError(f"{path} cannot be read ({error}): make it again") from None
