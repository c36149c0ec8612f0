"""A project folder: a copy of the workflow in which a user's recipes and results lie.

`schatten init` makes it from the files in the package, or from the clone that the package is
installed from.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from schatten.errors import UserError
from schatten.runtime.files import atomic_output, sha256

PARTS = ("Snakefile", "rules", "profiles", "recipes", "scripts", "arm", "LICENSE", "NOTICE")
"""What a run reads, besides the package."""
NOTE = Path(".schatten.json")
"""Version of the package that made the folder, and the hash of each file that was copied."""
_IGNORED = """.tools/
.snakemake/
results/
state/
"""
_MINE = """# yaml-language-server: $schema=../schema.json
# A recipe of your own: what it leaves out is as in default.yaml. recipes/own/README.md says more.
#   schatten run wer_tables --recipe own/mine --corpus-dir DIR
extends: default
title: My corpus
"""
_TOOLS = {"kenlm": "build_kenlm.sh", "miniaudio": "get_miniaudio.sh"}
"""Scripts by the folder in `.tools` that each makes; it leaves a whole one as it is."""


def source() -> Path:
    """Return the folder of the workflow's files: in the package, or the clone it is part of.

    Errors: `UserError` if they are in neither.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "project", package.parents[1]):
        if (folder / "Snakefile").is_file() and (folder / "scripts").is_dir():
            return folder
    raise UserError(
        f"{package} came without the workflow's files: install schatten from a wheel or a clone"
    )


def version() -> str:
    """Return the version of the package."""
    return metadata.version("schatten")


def set_up() -> str:
    """Return the command that installs what a run needs: another in a clone than elsewhere."""
    if Path("Makefile").is_file() and not NOTE.is_file():
        return "make setup"
    return "schatten init --update ."


def init(folder: Path, *, update: bool = False, with_tools: bool = True) -> list[str]:
    """Make a project folder, or renew the copy of the workflow in one; return what to know.

    Files that the user has edited stay, and are named. Errors: `UserError` for a folder that holds
    something else, and if KenLM's tools cannot be built.
    """
    before = _note(folder)
    if before is None and folder.is_dir() and any(folder.iterdir()):
        raise UserError(f"{folder} is not empty and no project folder: name a new one")
    if before is not None and not update:
        raise UserError(f"{folder} is a project folder already: to renew it, add --update")
    hashes: dict[str, str] = (before or {}).get("files", {})
    kept, made = [], {}
    for name, path in _files(source()):
        target = folder / name
        edited = target.is_file() and hashes.get(name) != sha256(target)
        made[name] = sha256(path)
        if edited and made[name] != sha256(target):
            kept.append(f"{target} was edited: kept as it is")
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    for name, text in ((".gitignore", _IGNORED), ("recipes/own/mine.yaml", _MINE)):
        if not (folder / name).exists():
            (folder / name).write_text(text, "utf-8")
    (folder / NOTE).write_text(json.dumps({"version": version(), "files": made}, indent=1) + "\n")
    if with_tools:
        _build_tools(folder)
    return kept


def refuse_other_version(folder: Path = Path()) -> None:
    """Refuse a project folder whose copy of the workflow is of another version of the package.

    A clone has no note. Errors: `UserError`.
    """
    note = _note(folder)
    if note is not None and note.get("version") != version():
        raise UserError(
            f"this folder holds the workflow of schatten {note.get('version')}, but {version()} is "
            "installed: renew it with `schatten init --update .`"
        )


def _note(folder: Path) -> dict[str, dict[str, str]] | None:
    try:
        note: dict[str, dict[str, str]] = json.loads((folder / NOTE).read_text("utf-8"))
    except FileNotFoundError:
        return None
    except ValueError:
        raise UserError(f"{folder / NOTE} is damaged: remove it and make a new folder") from None
    return note


def _files(home: Path) -> Iterator[tuple[str, Path]]:
    """Yield the files to copy with their names in the folder."""
    for part in PARTS:
        if (home / part).is_file():
            yield part, home / part
        for place, folders, names in os.walk(home / part):
            folders[:] = [x for x in folders if x != "__pycache__" and not x.startswith("build")]
            for name in sorted(names):
                if not name.endswith(".pyc") and name != "schema.json":
                    path = Path(place, name)
                    yield path.relative_to(home).as_posix(), path


def _build_tools(folder: Path) -> None:
    """Build KenLM's tools and fetch what the engine is built with; copy what the source has."""
    for name, script in _TOOLS.items():
        made, here = source() / ".tools" / name, folder / ".tools" / name
        if made.is_dir() and not here.exists():
            with atomic_output(here) as beside:
                shutil.copytree(made, beside)
        environment = {**os.environ, "PYTHON": sys.executable}
        done = subprocess.run([folder / "scripts" / script], env=environment, check=False)
        if done.returncode:
            raise UserError(
                f"{folder}/scripts/{script} failed, as said above: mend that, then "
                f"`schatten init --update {folder}`"
            )
