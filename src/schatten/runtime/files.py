"""Writes and reads artifacts: never half-written, and the same bytes for the same content."""

import codecs
import errno
import glob
import gzip
import hashlib
import io
import json
import os
import platform
import shlex
import shutil
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, Any

from schatten.errors import UserError
from schatten.runtime import seals

_PREFIX = f".{platform.node()}-"
"""A temporary file's name is this, the process id, a dot and the file's own name."""
_MARK = "\ufeff"
_WIDE = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
"""Byte order marks of other encodings; that of UTF-32 begins as that of UTF-16 does."""
_SPACE = 1 << 16
"""Free bytes below which a disk counts as full."""


@contextmanager
def atomic_output(path: Path | str, *, lasting: bool = True) -> Iterator[Path]:
    """Yield a path beside `path` to write a file or a folder to; rename it over `path` on success.

    The name keeps the suffixes of `path`, for writers that depend on them. On an exception the new
    file is removed and `path` is not changed. Temporary files that killed processes of this machine
    left beside `path` are removed too. A `lasting` output is an artifact: the verb seals it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    _sweep(path)
    beside = path.with_name(f"{_PREFIX}{os.getpid()}.{path.name}")
    remove(beside)
    try:
        yield beside
        _sync(beside)
        _put_in_place(beside, path)
    except UserError:
        raise
    except Exception as error:
        if full := full_disk(path.parent, error):
            raise UserError(f"{path} cannot be written: {full}") from error
        raise
    finally:
        remove(beside)
    if lasting:
        seals.wrote(path)


def _put_in_place(beside: Path, path: Path) -> None:
    seals.forget(path)
    if path.is_dir() and beside.is_dir():
        shutil.rmtree(path)
    beside.rename(path)


def full_disk(folder: Path, error: Exception | None = None) -> str | None:
    """Return a message that the disk of a folder is full, with the fix; None if it is not.

    An error with that code counts. Free space is checked too, because libraries do not always say
    why they cannot write.
    """
    status = os.statvfs(folder)
    has_space = status.f_bavail * status.f_frsize >= _SPACE
    if has_space and getattr(error, "errno", None) not in (errno.ENOSPC, errno.EDQUOT):
        return None
    return f"the disk that holds {folder} is full: make room; the same command goes on"


def require_writable(folder: Path) -> None:
    """Make a folder where it is missing, and refuse one that files cannot be written to.

    Errors: `UserError` with the reason.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(bytes(1))
    except OSError as error:
        if full := full_disk(folder if folder.is_dir() else Path.cwd(), error):
            raise UserError(full) from None
        raise UserError(
            f"{folder} cannot be written ({error.strerror}): make it a folder that you may write to"
        ) from None
    if full := full_disk(folder):
        raise UserError(full)


def _sweep(path: Path) -> None:
    """Remove temporary files of dead processes of this machine beside `path`."""
    for leftover in path.parent.glob(f"{glob.escape(_PREFIX)}*.{glob.escape(path.name)}"):
        owner = leftover.name.removeprefix(_PREFIX).partition(".")[0]
        if owner.isdigit() and not process_lives(int(owner)):
            remove(leftover)


def process_lives(pid: int) -> bool:
    """Tell whether a process of this machine exists."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def remove(path: Path) -> None:
    """Remove a file or a folder, if it exists."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    if path.is_file():
        with path.open("rb") as file:
            os.fsync(file.fileno())


def write_text(path: Path | str, text: str) -> None:
    """Write UTF-8 text, atomically; `.gz` is compressed, without a time stamp."""
    write_bytes(path, text.encode())


def write_bytes(path: Path | str, data: bytes) -> None:
    """Write bytes, atomically; `.gz` is compressed, without a time stamp."""
    with atomic_output(path) as beside:
        beside.write_bytes(gzip_bytes(data) if Path(path).suffix == ".gz" else data)


def gzip_bytes(data: bytes) -> bytes:
    """Compress without a time stamp or a file name, so that equal data gives equal bytes."""
    buffer = io.BytesIO()
    with _compressed(buffer) as file:
        file.write(data)
    return buffer.getvalue()


def _compressed(file: IO[bytes]) -> gzip.GzipFile:
    return gzip.GzipFile(fileobj=file, mode="wb", filename="", mtime=0, compresslevel=6)


def read_bytes(path: Path | str) -> bytes:
    """Read a whole file, decompressing `.gz`; a missing or damaged one is a `UserError`."""
    path = Path(path)
    try:
        seals.reading(path)
        data = path.read_bytes()
        return gzip.decompress(data) if path.suffix == ".gz" else data
    except FileNotFoundError:
        raise UserError(f"{path} does not exist: make it first, or correct the path") from None
    except (EOFError, zlib.error, OSError) as error:
        raise UserError(f"{path} cannot be read ({error}): remove it and run again") from None


def read_text(path: Path | str) -> str:
    """Read UTF-8 text, decompressing `.gz`; a missing or damaged file is a `UserError`.

    Every text file of a user's comes through here, or as bytes through `as_text`.
    """
    return as_text(read_bytes(path), path)


def as_text(data: bytes, path: Path | str, encoding: str = "utf-8") -> str:
    """Return the text of the file `path`, without a byte order mark at its head.

    Errors: `UserError` for bytes of another encoding, with the command that converts them.
    """
    try:
        return data.decode(encoding).removeprefix(_MARK)
    except UnicodeDecodeError as error:
        wide = next((name for mark, name in _WIDE if data.startswith(mark)), None)
        what = f"it is {wide}" if wide else str(error)
        raise UserError(
            f"{path} is not UTF-8 text ({what}): convert it, `iconv -f {wide or 'ENCODING'} "
            f"-t UTF-8 {shlex.quote(str(path))} > NEW`"
        ) from None


def begins_with_mark(path: Path) -> bool:
    """Tell whether a text file (`.gz` too) begins with a byte order mark, of any encoding."""
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            head = file.read(4)
    except (EOFError, zlib.error, OSError):
        return False
    return head.startswith((codecs.BOM_UTF8, *(mark for mark, _ in _WIDE)))


def read_lines(path: Path | str) -> list[str]:
    """Read the lines of a text file (`.gz` too), without line ends."""
    return lines_of(read_text(path))


def lines_of(text: str) -> list[str]:
    """Return the lines of a text without their ends: LF, CR LF, or CR where there is no LF.

    Nothing else ends a line: text from the web holds U+2028, and latin-1 a 0x85, inside sentences.
    """
    if "\r" in text and "\n" not in text:
        text = text.replace("\r", "\n")
    lines = [line.rstrip("\r") for line in text.split("\n")]
    return lines if lines[-1] else lines[:-1]


def write_json(path: Path | str, value: Any) -> None:
    """Write readable JSON with sorted keys, atomically."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def read_json(path: Path | str) -> Any:
    """Read JSON; a missing or damaged file is a `UserError`."""
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise UserError(f"{path} is not JSON ({error}): remove it and run again") from None


def write_jsonl(path: Path | str, rows: Iterable[Any], *, lasting: bool = True) -> None:
    """Write JSON lines with sorted keys as they come, atomically (`.gz` too)."""
    with (
        atomic_output(path, lasting=lasting) as beside,
        beside.open("wb") as raw,
        _compressed(raw) if Path(path).suffix == ".gz" else nullcontext(raw) as file,
    ):
        for row in rows:
            file.write((json.dumps(row, sort_keys=True) + "\n").encode())


def read_jsonl(path: Path | str) -> list[Any]:
    """Read JSON lines (`.gz` too)."""
    try:
        return [json.loads(line) for line in read_lines(path)]
    except json.JSONDecodeError as error:
        raise UserError(f"{path} is not JSON lines ({error}): remove it and run again") from None


def digest(value: Any, length: int = 10) -> str:
    """Hash JSON-like data (or bytes) to a short hexadecimal name."""
    data = value if isinstance(value, bytes) else canonical_json(value).encode()
    return hashlib.sha256(data).hexdigest()[:length]


def canonical_json(value: Any) -> str:
    """Return canonical JSON: equal values give equal text."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def sha256(path: Path | str) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
