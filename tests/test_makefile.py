"""The Makefile hands on values as text: neither make nor a shell reads them."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from project import ROOT

HOSTILE = {
    "semicolon": "x; touch reached; echo ",
    "substitution": "$(touch reached)",
    "backticks": "`touch reached`",
    "make": "$(shell touch reached)",
    "quotes": "\"; touch reached; \"'; touch reached; '",
    "pipe": "x | touch reached && touch reached",
    "line": "x\ntouch reached",
}
VARIABLES = {
    "wer_tables": ("RECIPE", "CORPUS_DIR", "JOBS"),
    "spread": ("JOBS", "DEFAULT_RECIPE"),
    "test": ("PYTEST_ARGS",),
    "test-default": ("PYTEST_ARGS", "JOBS", "RECIPE", "DEFAULT_RECIPE"),
    "test-slurm": ("PYTEST_ARGS",),
    "test-browser": ("PYTEST_ARGS", "JOBS"),
    "test-nightly": ("PYTEST_ARGS", "FAULTS", "SEED"),
    "test-faults": ("FAULTS", "SEED", "PYTEST_ARGS"),
    "scale": ("RECIPE", "CORPUS_DIR"),
    "bench": ("JOBS",),
    "arm": ("JOBS",),
    "fuzz": ("FUZZ_SECONDS",),
    "results": ("RECIPE", "DEFAULT_RECIPE"),
    "release": ("RECIPES", "TESTS", "DRY_RUN"),
    "lock": ("LOCK_ARGS",),
    "setup": ("PYTHON", "ANYTHING"),
}
"""Variables that each target is given; the last has some that the Makefile does not name."""
PROGRAMS = ("schatten", "pytest", "python", "ruff", "snakefmt", "mypy", "pip-audit", "git")
LOG = r"""#!/bin/sh
echo said >results/faults.md
for one in "${PYTEST_ADDOPTS-}" "${SCHATTEN_FAULTS-}" "${SCHATTEN_FAULT_SEED-}" "$@"; do
  printf '%s\0' "$one"
done >>called
printf '\1' >>called
"""
"""A program that writes down three variables and what it is called with."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The Makefile, beside programs and scripts that only write down how they are called."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "results/voicesearch_like/quick/tables").mkdir(parents=True)
    called = [tmp_path / ".venv/bin" / name for name in PROGRAMS]
    called += [tmp_path / path.relative_to(ROOT) for path in ROOT.glob("scripts/*.sh")]
    for path in called:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(LOG)
        path.chmod(0o755)
    for name in ("copy_results.sh", "fuzz.sh"):  # they check the values that they are given
        shutil.copy(ROOT / "scripts" / name, tmp_path / "scripts")
    return tmp_path


def make(project: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    # `make test` hands its own settings on; none may reach the Makefile that is tested.
    ours = {name for names in VARIABLES.values() for name in names}
    ours |= {"PYTEST_ADDOPTS", "MAKEFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MFLAGS"}
    outside = {name: value for name, value in os.environ.items() if name not in ours}
    return subprocess.run(
        ["make", *arguments],
        cwd=project,
        env={**outside, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def calls(project: Path) -> list[tuple[list[str], list[str]]]:
    """Return the arguments and the variables of each call."""
    found = [one.split("\0")[:-1] for one in (project / "called").read_text().split("\1")[:-1]]
    return [(fields[3:], fields[:3]) for fields in found]


@pytest.mark.parametrize("value", HOSTILE.values(), ids=HOSTILE)
def test_no_target_lets_a_value_reach_a_shell(project: Path, value: str) -> None:
    for target, names in VARIABLES.items():
        make(project, target, *(f"{name}={value}" for name in names))
        make(project, target, **dict.fromkeys(names, value))
        assert list(project.rglob("reached")) == [], target


def test_values_arrive_as_they_were_written(project: Path) -> None:
    value = 'a b; "$(c)" \'d'
    make(project, "wer_tables", f"RECIPE={value}", f"CORPUS_DIR={value}", "JOBS=3")
    run, show = [arguments for arguments, _ in calls(project)[1:]]
    assert run == ["run", "wer_tables", "-j", "3", "--recipe", value, "--corpus-dir", value]
    assert show == ["show", "--recipe", value, "--corpus-dir", value]


def test_settings_reach_the_programs_that_take_them(project: Path) -> None:
    make(project, "test-faults", "FAULTS=7", "PYTEST_ARGS=-k 'a or b'")
    assert calls(project)[-1] == (
        ["-v", "tests/workflow/test_faults.py"],
        [" -k 'a or b'", "7", "1"],
    )
    make(project, "test-nightly", "PYTEST_ARGS=-x", "SEED=5")
    nightly = calls(project)
    assert any(
        said == [" --nightly -x", "", ""] and "loadgroup" in asked for asked, said in nightly
    )
    assert (["-v", "tests/workflow/test_faults.py"], [" -x", "100", "5"]) in nightly
    slurm = "env", "PYTEST_ADDOPTS= --nightly -x", "pytest", "tests/workflow/test_slurm.py"
    assert any(asked[-4:] == [*slurm] for asked, _ in nightly)


@pytest.mark.parametrize("recipe", ["an4", "../../etc", "an4/../..", "an4/default/tables", "a/ b"])
def test_results_are_copied_only_below_their_folder(project: Path, recipe: str) -> None:
    run = make(project, "results", f"RECIPE={recipe}")
    assert run.returncode == 2 and "give RECIPE=CORPUS/EXPERIMENT" in run.stderr
    assert not (project / "docs").exists()


def test_results_that_are_not_there_name_the_run(project: Path) -> None:
    run = make(project, "results", "RECIPE=an4/default")
    assert "results/an4/default/tables has no tables: run make wer_tables RECIPE=an4" in run.stderr
    tables = project / "results/voicesearch_like/quick/tables"
    for name in ("wer.csv", "wer.md", "wer.tex"):
        (tables / name).write_text(name)
    assert make(project, "results").returncode == 0
    copied = sorted(path.name for path in project.glob("docs/results/voicesearch_like/quick/*"))
    assert copied == ["wer.csv", "wer.md"]


@pytest.mark.parametrize("seconds", ["ten", "-1", "0", "1.5", "a[$(touch reached)]"])
def test_seconds_of_fuzzing_are_a_number(project: Path, seconds: str) -> None:
    run = make(project, "fuzz", f"FUZZ_SECONDS={seconds}")
    assert run.returncode == 2 and "give a whole number, FUZZ_SECONDS=600" in run.stderr
