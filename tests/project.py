"""A copy of the project in a temporary folder, in which tests run the workflow."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
PARTS = ("Snakefile", "rules", "profiles", "recipes", "src", "LICENSE", "NOTICE")
SHARED = ("arm", "scripts", ".tools")
"""The engine's sources and what they are built to: the same for every copy."""
SMOKE = "voicesearch_like/smoke"


@dataclass(frozen=True)
class Step:
    """A step that a dry run names."""

    verb: str
    makes: str


@dataclass(frozen=True)
class Project:
    """A project folder whose package, recipes and rules a test may edit."""

    path: Path

    @property
    def environment(self) -> dict[str, str]:
        """The activated environment, with this folder's package before the installed one."""
        return {
            **os.environ,
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(self.path / "src"),
            "SCHATTEN_KENLM": str(ROOT / ".tools/kenlm/bin"),
        }

    def start(self, *command: str, **variables: str) -> subprocess.Popen[str]:
        """Start a command of the environment, with more variables."""
        return subprocess.Popen(
            command,
            cwd=self.path,
            env={**self.environment, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, *command: str) -> tuple[int, str]:
        """Run a command of the environment; return its status and what it printed."""
        process = self.start(*command)
        output, _ = process.communicate()
        return process.returncode, output

    def make(self, *options: str) -> str:
        """Run the smoke recipe to its tables; return what was printed."""
        status, output = self.run("schatten", "run", "wer_tables", "--recipe", SMOKE, *options)
        assert status == 0, output
        return output

    def would_run(self, recipe: str = SMOKE) -> set[Step]:
        """Return the steps that a run would take now."""
        status, output = self.run("schatten", "run", "wer_tables", "--recipe", recipe, "-n")
        assert status == 0, output
        found = re.findall(r"^would run (\S+(?: build)?) (\S*) .*$", output, re.MULTILINE)
        return {Step(*pair) for pair in found if pair[0] != "wer_tables"}

    @property
    def tables(self) -> Path:
        """Tables of the smoke recipe."""
        return self.path / "results" / SMOKE / "tables"

    @property
    def recipe(self) -> Path:
        """YAML of the smoke recipe."""
        return self.path / "recipes" / f"{SMOKE}.yaml"

    def processes(self) -> list[int]:
        """Return the processes that work in this folder."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if (process / "cwd").readlink() == self.path and (process / "cmdline").read_bytes():
                    found.append(int(process.name))
            except OSError:
                continue
        return found


def copy_project(source: Path, to: Path) -> Project:
    """Copy what a run reads."""
    for name in PARTS:
        if (source / name).is_dir():
            shutil.copytree(source / name, to / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source / name, to / name)
    for name in SHARED:
        (to / name).symlink_to((source / name).resolve())
    return Project(to)
