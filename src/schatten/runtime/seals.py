"""Seals: the state of an artifact when it was written, so that a damaged one is never read.

A seal is size, modification time and SHA-256. The artifact NAME has its seal in the provenance
record `.NAME.provenance.json` beside it (`runtime.provenance` writes the record). Code that reads
an artifact announces it here first, and the seal is compared. An artifact without a record is read
unchecked.

Snakemake touches what a step has made, so the file's time is soon another one. Who finds that the
bytes are still the sealed ones notes the file's new time, as the time of the record (`_stamp`). So
a file is hashed once after it was touched or copied, and not at every start and by every reader.
"""

import hashlib
import json
import os
import time
from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

from schatten.errors import UserError
from schatten.runtime import garbage

SUFFIX = ".provenance.json"
T = TypeVar("T")


@dataclass(frozen=True)
class Seal:
    """Identifies a file's content, or the names and sizes of the files in a folder."""

    sha256: str
    """SHA-256 of the bytes; for a folder, of the sorted lines `NAME TAB SIZE` of its files."""
    bytes: int
    """Size in bytes; for a folder, of all its files."""
    files: int = 1
    """1, or the number of files of a folder."""
    modified_ns: int = 0
    """Modification time in ns since 1970; 0 for a folder. Equal size and time count as equal."""

    def as_json(self) -> dict[str, Any]:
        """Return the seal in the form of a record."""
        return asdict(self)


@dataclass
class Journal:
    """The files that a verb read and wrote, for its record."""

    reads: dict[Path, Seal] = field(default_factory=dict)
    listings: dict[Path, tuple[Path, Seal]] = field(default_factory=dict)
    """Folder of the recordings and their seal, by manifest."""
    writes: dict[Path, Seal] = field(default_factory=dict)
    kept: dict[Hashable, Any] = field(default_factory=dict)
    """What the verb found out once, for all its parts (`kept`)."""
    work_began: float | None = None
    """CPU seconds of the process when the verb touched its first file: its imports lie before."""

    def begin_work(self) -> None:
        """Note that the verb touches a file."""
        if self.work_began is None:
            self.work_began = time.process_time()
            garbage.end_imports()


_journals: list[Journal] = []
"""The journal of the running verb, if there is one."""


@contextmanager
def journal() -> Iterator[Journal]:
    """Note which files are read and written during the context."""
    _journals.append(Journal())
    try:
        yield _journals[-1]
    finally:
        _journals.pop()


def kept(key: Hashable, find: Callable[[], T]) -> T:
    """Return what `find` returned when the running verb asked first; outside of verbs, ask anew.

    So a recipe or a commit that changes while a verb runs is, in all that it writes, the one that
    the verb began with.
    """
    if not _journals:
        return find()
    found = _journals[-1].kept
    if key not in found:
        found[key] = find()
    return cast("T", found[key])


def record_of(path: Path) -> Path:
    """Return the path of an artifact's provenance record."""
    return path.with_name(f".{path.name}{SUFFIX}")


def seal(path: Path) -> Seal:
    """Return the present seal of a file or a folder."""
    if path.is_dir():
        return listing_seal(path, [file.relative_to(path).as_posix() for file in _files(path)])
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    status = path.stat()
    return Seal(digest, status.st_size, 1, status.st_mtime_ns)


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder that are not hidden; folders in it may be links to a cache."""
    for place, _, names in os.walk(folder, followlinks=True):
        files = (Path(place, name) for name in names)
        yield from (file for file in files if file.is_file() and not _is_hidden(file))


def listing_seal(folder: Path, names: list[str]) -> Seal:
    """Return the seal of some files of a folder: their names and sizes, not their bytes.

    Errors: `FileNotFoundError` that names a missing one.
    """
    sizes = {name: (folder / name).stat().st_size for name in sorted(set(names))}
    lines = "".join(f"{name}\t{size}\n" for name, size in sizes.items())
    digest = hashlib.sha256(lines.encode(errors="surrogateescape")).hexdigest()
    return Seal(digest, sum(sizes.values()), len(sizes))


def read_record(path: Path) -> dict[str, Any] | None:
    """Return the provenance record of an artifact; None if it has none.

    Errors: `UserError` for a damaged record.
    """
    record = record_of(path)
    try:
        content = json.loads(record.read_bytes())
        Seal(**content["seal"])
        return dict(content)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise UserError(
            f"{record} is damaged ({error}): remove it and {path}, and run again"
        ) from None


def damage(path: Path, sealed: Seal) -> str | None:
    """Return how an artifact differs from the seal in its record; None if it does not.

    A file that was found unchanged at its present time before is not hashed again.
    """
    record = record_of(path)
    if path.is_dir() or not path.exists():
        return difference(path, sealed)
    status = path.stat()
    with suppress(FileNotFoundError):
        if status.st_size == sealed.bytes and record.stat().st_mtime_ns == _stamp(status, sealed):
            return None
    problem = difference(path, sealed)
    if problem is None and status.st_mtime_ns != sealed.modified_ns:
        with suppress(OSError):  # results of another user are hashed every time
            os.utime(record, ns=(status.st_atime_ns, _stamp(status, sealed)))
    return problem


def _stamp(status: os.stat_result, sealed: Seal) -> int:
    """Return the time of a record that says: the file had the sealed bytes at its present time.

    It is up to 4.3 s later than the file's time, by the seal. So a record that happens to be as
    old as its file, as after `touch` or `cp -r`, does not say so.
    """
    return status.st_mtime_ns + int(sealed.sha256[:8], 16)


def difference(path: Path, expected: Seal) -> str | None:
    """Return how a file or folder differs from a seal; None if it does not.

    A file with the sealed size and time counts as unchanged. Otherwise its content decides.
    """
    problem = _difference(path, expected)
    if problem and path.is_symlink():
        return f"{problem}; it is a link to {path.readlink()}, remove that too"
    return problem


def _difference(path: Path, expected: Seal) -> str | None:
    if path.is_file():
        status = path.stat()
        if status.st_size != expected.bytes:
            return f"it has {status.st_size:,} bytes, not {expected.bytes:,}"
        if status.st_mtime_ns == expected.modified_ns:
            return None
    elif not path.is_dir():
        return "it does not exist"
    now = seal(path)
    if now.sha256 == expected.sha256:
        return None
    if path.is_dir():
        was = f"{expected.files:,} files of {expected.bytes:,} bytes"
        return f"it holds {now.files:,} files of {now.bytes:,} bytes, not the same {was}"
    return "its bytes are others"


def reading(path: Path | str) -> None:
    """Announce that a file is about to be read, and refuse a damaged artifact.

    Errors: `UserError` if it is not what its record says.
    """
    path = Path(path)
    if not path.is_file() or _is_hidden(path):
        return
    record = read_record(path)
    found = None if record is None else Seal(**record["seal"])
    if found is not None and (problem := damage(path, found)):
        raise UserError(
            f"{path} is not what was written there ({problem}): it was cut short or edited; "
            f"remove it and run again (or, to use it anyway, remove {record_of(path)})"
        )
    for notes in _journals:
        notes.begin_work()
        if path not in notes.reads and path not in notes.writes:
            notes.reads[path] = found or seal(path)


def refuse_damaged(folders: Iterable[Path]) -> None:
    """Refuse folders that hold damaged artifacts; removed artifacts do not count.

    Folders that are artifacts themselves (audio) are checked when they are read.

    Errors: `UserError` that lists the damaged artifacts.
    """
    damaged = [found for folder in folders for found in _damaged(folder)]
    if damaged:
        raise UserError(
            "artifacts were cut short or edited; remove them and run again (or, to use one anyway, "
            "remove its record beside it, .NAME.provenance.json):\n"
            + "\n".join(f"  {path}: {problem}" for path, problem in damaged)
        )


def artifacts(folder: Path) -> Iterator[Path]:
    """Yield the artifacts with a record below a folder, in order; not those within an artifact."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not record_of(Path(place, name)).exists())
        for name in sorted(name for name in names if name.endswith(SUFFIX)):
            yield Path(place, name.removesuffix(SUFFIX).removeprefix("."))


def _damaged(folder: Path) -> Iterator[tuple[Path, str]]:
    for path in artifacts(folder):
        problem = _damage(path)
        if problem and problem == _damage(path):  # not just being replaced by another run
            yield path, problem


def _damage(path: Path) -> str | None:
    try:
        record = read_record(path) if path.is_file() else None
        return None if record is None else damage(path, Seal(**record["seal"]))
    except UserError as error:
        return str(error)


def reading_recordings(manifest: Path, folder: Path, names: list[str]) -> None:
    """Announce that the recordings of a manifest, relative to a folder, are about to be read."""
    for notes in _journals:
        notes.listings[manifest] = (folder, listing_seal(folder, names))


@contextmanager
def renewed(folder: Path) -> Iterator[None]:
    """Let a file of a sealed folder be replaced, which then has a record of its own.

    The folder's record still says how the others were made, and gets the new seal. A folder whose
    change was cut short has no record, and is read unchecked.
    """
    record = read_record(folder)
    forget(folder)
    try:
        yield
    finally:
        if record is not None:
            content = {**record, "seal": seal(folder).as_json()}
            text = json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False)
            record_of(folder).write_text(text + "\n", encoding="utf-8")


def forget(path: Path) -> None:
    """Remove the record of an artifact that is about to be replaced."""
    record_of(path).unlink(missing_ok=True)


def wrote(path: Path) -> None:
    """Announce that an artifact was written, a file or a whole folder.

    Files in a hidden folder are no artifacts.
    """
    for notes in _journals:
        if not _is_hidden(path):
            notes.writes[path] = seal(path)


def _is_hidden(path: Path) -> bool:
    """Tell whether a file, or the folder it lies in, has a hidden name."""
    return any(name.startswith(".") and name != ".." for name in (path.name, path.parent.name))
