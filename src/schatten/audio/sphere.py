"""NIST SPHERE files: plain ones are read by libsndfile, shorten-compressed ones by sph2pipe.

SPHERE holds a text header of 1,024 bytes (or as many as it says) and samples.
"""

import shutil
import subprocess
from pathlib import Path

from schatten.audio.bytes_of import Bytes
from schatten.audio.faults import Fault, Unreadable, beside, cut_short, quoted
from schatten.errors import UserError

_MAGIC = b"NIST_1A\n"
_SIZE_FIELD = 8
"""Bytes of the header's size, a number in ASCII."""
_SMALLEST, _LARGEST = 64, 1 << 20
"""Bytes of a header; a size outside is taken for damage."""
_NUMBERS = ("sample_count", "channel_count", "sample_n_bytes")


def read_fields(path: Path) -> dict[str, str]:
    """Return the fields of a SPHERE header; none if the file is not SPHERE.

    `sample_count` is per channel, `sample_rate` in Hz; `sample_coding` names a compression after
    a comma, e.g. `pcm,embedded-shorten-v2.00`.

    Errors: `Unreadable` for a damaged header.
    """
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            return {}
        said = file.read(_SIZE_FIELD)
        size = int(said) if said.strip().isdigit() else 0
        lines = file.read(size).decode("ascii", "replace")[: size - 16].splitlines()
    if not _SMALLEST <= size <= _LARGEST:
        raise Unreadable(Fault(f"a damaged SPHERE header: its size is {said!r}"))
    fields: dict[str, str] = {}
    for line in lines:
        if line.strip() == "end_head":
            return fields
        name, *value = line.split(maxsplit=2) or [""]
        fields[name] = value[1] if len(value) == 2 else ""
    raise Unreadable(Fault("a damaged SPHERE header: it has no end"))


def decompression(path: Path) -> str:
    """Return the command that writes a SPHERE file as WAV beside it, quoted for a shell."""
    names = f"{quoted(Path(path.name))} {quoted(Path(f'{path.stem}.wav'))}"
    return beside(path, f"sph2pipe -f wav {names}")


def promised(file: Bytes, path: Path) -> int | None:
    """Return the samples per channel that a SPHERE file must hold; None if it does not say.

    Errors: `Unreadable` for a damaged header, a compression that is not read in place, or another
    number of samples than the header says.
    """
    fields = read_fields(path)
    coding = fields.get("sample_coding", "pcm")
    if "," in coding:
        raise Unreadable(
            Fault(
                f"SPHERE with compression ({coding}), which is not read in place",
                f"run `{decompression(path)}` and name that file instead",
            )
        )
    count, channels, width = (_number(fields, name) for name in _NUMBERS)
    if count is None:
        return None
    start = int(file.at(len(_MAGIC), _SIZE_FIELD))
    there = (file.size - start) // max(1, (channels or 1) * (width or 2))
    if there < count:
        raise Unreadable(cut_short(max(0, there), count, "samples"))
    rate = _number(fields, "sample_rate") or 16000
    if there > count + rate // 40:
        text = f"the header says {count} samples, and the file holds {there}"
        raise Unreadable(Fault(text))
    return count


def sample_count(path: Path) -> int | None:
    """Return the samples per channel that a SPHERE header promises; None if it does not say.

    Errors: `UserError` for a damaged header.
    """
    try:
        return _number(read_fields(path), "sample_count")
    except Unreadable as error:
        raise UserError(f"{path} cannot be read {error}") from None


def _number(fields: dict[str, str], name: str) -> int | None:
    """Return a field that is a number; None where it is not there."""
    value = fields.get(name)
    if value is not None and not (value.isascii() and value.isdigit()):
        raise Unreadable(Fault(f"a damaged SPHERE header: {name} is {value!r}"))
    return None if value is None else int(value)


def is_shorten_compressed(path: Path) -> bool:
    """Whether a file is SPHERE with shorten compression; one that is damaged is not."""
    try:
        return "shorten" in read_fields(path).get("sample_coding", "")
    except Unreadable:
        return False


def find_sph2pipe() -> str:
    """Return the path of sph2pipe.

    Errors: `UserError` that says how to install it.
    """
    tools = Path.home() / ".lhotse" / "tools"
    installed = [shutil.which("sph2pipe"), *(str(path) for path in tools.glob("*/sph2pipe"))]
    program = next((path for path in installed if path), None)
    if program is None:
        raise UserError(
            "the recordings are shorten-compressed SPHERE files, and sph2pipe, "
            "which reads them, is not installed: run `lhotse install-sph2pipe` (it needs a C "
            "compiler and the network), or put an sph2pipe on the PATH"
        )
    return program


def decompress(source: Path, target: Path) -> None:
    """Write a SPHERE file's first channel as 16-bit WAV with sph2pipe.

    Errors: `UserError` if sph2pipe is missing or fails, with the first line of its output.
    """
    command = [find_sph2pipe(), "-f", "wav", "-p", "-c", "1"]
    command += [str(source.absolute()), str(target.absolute())]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        said = done.stderr.splitlines() or [f"status {done.returncode}"]
        raise UserError(f"sph2pipe cannot decompress {source} ({said[0]}): copy it anew")
