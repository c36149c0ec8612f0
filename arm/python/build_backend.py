"""Builds the package with scikit-build-core; a source distribution holds the engine's sources too.

In a checkout they lie outside of this folder, where a source distribution cannot reach: they are
brought together in a temporary folder first.
"""

import os
import shutil
import tempfile
from pathlib import Path

from scikit_build_core import build as _backend
from scikit_build_core.build import (  # noqa: F401  what PEP 517 and PEP 660 ask a backend for
    build_editable,
    build_wheel,
    get_requires_for_build_editable,
    get_requires_for_build_sdist,
    get_requires_for_build_wheel,
)

_HERE = Path(__file__).parent
_ROOT = _HERE.parent.parent
_ENGINE = ("CMakeLists.txt", "engine", "kernels")
_OWN = ("CMakeLists.txt", "README.md", "build_backend.py", "pyproject.toml", "src")
_QUERY = ("lm/*.cc", "lm/*.hh", "util/*.cc", "util/*.hh", "util/double-conversion/*", "*")
"""What the engine is built with of KenLM, and its licences."""


def build_sdist(sdist_directory: str, config_settings: dict[str, object] | None = None) -> str:
    """Write the source distribution; return its name."""
    if not (_ROOT / "arm/engine/schatten.h").is_file():  # this is one already
        return _backend.build_sdist(sdist_directory, config_settings)
    output = str(Path(sdist_directory).absolute())
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as name:
        _gather(Path(name))
        os.chdir(name)
        try:
            return _backend.build_sdist(output, config_settings)
        finally:
            os.chdir(before)


def _gather(folder: Path) -> None:
    for part in _OWN:
        _copy(_HERE / part, folder / part)
    for part in _ENGINE:
        _copy(_ROOT / "arm" / part, folder / "arm" / part)
    for part in ("LICENSE", "NOTICE"):
        _copy(_ROOT / part, folder / part)
    kenlm = _ROOT / ".tools/kenlm/source"
    if not (kenlm / "lm/model.hh").is_file():
        raise SystemExit(f"{kenlm}: KenLM's source is missing: run scripts/build_kenlm.sh --source")
    for path in sorted({path for pattern in _QUERY for path in kenlm.glob(pattern)}):
        if path.is_file() and not path.name.endswith(("_test.cc", "_main.cc")):
            _copy(path, folder / "kenlm" / path.relative_to(kenlm))
    sound = _ROOT / ".tools/miniaudio"
    if not (sound / "miniaudio.h").is_file():
        raise SystemExit(f"{sound}: miniaudio.h is missing: run scripts/get_miniaudio.sh")
    _copy(sound, folder / "miniaudio")


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    else:
        shutil.copyfile(source, target)
