"""NIST SPHERE files: plain ones are read by libsndfile, shorten-compressed ones by sph2pipe.

SPHERE holds a text header of 1,024 bytes (or as many as it says) and samples.
"""

import shutil
import subprocess
from pathlib import Path

from schatten.errors import UserError

_MAGIC = b"NIST_1A\n"


def read_fields(path: Path) -> dict[str, str]:
    """Return the fields of a SPHERE header; none if the file is not SPHERE.

    `sample_count` is per channel, `sample_rate` in Hz; `sample_coding` names a compression after
    a comma, e.g. `pcm,embedded-shorten-v2.00`.
    """
    with path.open("rb") as file:
        if file.read(len(_MAGIC)) != _MAGIC:
            return {}
        size = int(file.read(8))
        lines = file.read(size - 16).decode("ascii", "replace").splitlines()
    fields = {}
    for line in lines:
        if line.strip() == "end_head":
            break
        name, *value = line.split(maxsplit=2)
        fields[name] = value[1] if len(value) == 2 else ""
    return fields


def is_shorten_compressed(path: Path) -> bool:
    """Whether a file is SPHERE with shorten compression."""
    return "shorten" in read_fields(path).get("sample_coding", "")


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
