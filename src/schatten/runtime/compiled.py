"""Loops in C++ that are compiled when they are first wanted, where there is a compiler."""

import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

_OPTIONS = ("-std=c++17", "-O3", "-fno-math-errno", "-fno-trapping-math", "-shared", "-fPIC")
FAILURES = (OSError, subprocess.CalledProcessError)
"""What `compiled_library` raises: its caller computes the same in another way."""


def compiled_library(source: Path) -> Path:
    """Return the library of a C++ file in the user's cache folder; compile it if needed.

    Its name depends on source, options, compiler and machine. Errors: `OSError` without a compiler
    or a folder to write to, `CalledProcessError` if the compiler fails.
    """
    compiler = shutil.which(os.environ.get("CXX", "c++"))
    if compiler is None:
        raise OSError("no C++ compiler was found (c++, or the one that CXX names)")
    version = subprocess.run([compiler, "--version"], capture_output=True, check=True).stdout
    said = " ".join([*_OPTIONS, platform.machine(), sys.platform]).encode()
    key = hashlib.sha256(source.read_bytes() + said + version).hexdigest()[:16]
    folder = Path(os.environ.get("XDG_CACHE_HOME") or _home() / ".cache") / "schatten"
    library = folder / f"{source.stem}-{key}.so"
    if not library.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as work:  # others may compile it too
            made = Path(work) / library.name
            command = [compiler, *_OPTIONS, str(source), "-o", str(made)]
            subprocess.run(command, capture_output=True, check=True, text=True)
            made.replace(library)
    return library


def reason(source: Path, error: Exception) -> str:
    """Return why a file was not compiled, with what the compiler said."""
    if isinstance(error, subprocess.CalledProcessError):
        return f"{source.name} was not compiled:\n{error.stderr}"
    return str(error)


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError as error:
        raise OSError(f"no folder for the compiled loops ({error}): set XDG_CACHE_HOME") from None
