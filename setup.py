"""Puts the workflow into the wheel, as `schatten/project`: what `schatten init` copies.

All other settings are in pyproject.toml.
"""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent
PARTS = ("Snakefile", "rules", "profiles", "recipes", "scripts", "arm", "LICENSE", "NOTICE")
"""As in `schatten.runtime.project`."""
LEFT_OUT = shutil.ignore_patterns("__pycache__", "build*", "*.egg-info", ".*", "schema.json")


class BuildWithProject(build_py):
    """Copies the workflow beside the modules; an editable installation reads it from the clone."""

    def run(self) -> None:
        """Build the modules, then copy; what an earlier build left of other files goes."""
        if not self.editable_mode:
            shutil.rmtree(self.build_lib, ignore_errors=True)
        super().run()
        if self.editable_mode:
            return
        home = Path(self.build_lib) / "schatten/project"
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        for name in PARTS:
            if (HERE / name).is_dir():
                shutil.copytree(HERE / name, home / name, ignore=_ignored)
            else:
                shutil.copy(HERE / name, home / name)


def _ignored(folder: str, names: list[str]) -> set[str]:
    """Leave out caches and build folders; `build_engine.sh` is none."""
    found = set(LEFT_OUT(folder, names))
    return {name for name in found if not (Path(folder, name).is_file() and "build" in name)}


setup(cmdclass={"build_py": BuildWithProject})
