"""Verbs work where the home cannot be written and where text is not UTF-8."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from schatten.runtime.surroundings import keep_caches

SCHATTEN = str(Path(sys.executable).parent / "schatten")
ENCODINGS = {
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "locale C": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "Latin-1": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "latin-1"},
}


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XDG_")}
    return subprocess.run(
        [SCHATTEN, *arguments], env={**kept, **environment}, capture_output=True, check=False
    )


@pytest.mark.parametrize("environment", ENCODINGS.values(), ids=ENCODINGS)
def test_what_a_terminal_cannot_show_is_shown_otherwise(environment: dict[str, str]) -> None:
    shown = run("settings", **environment)
    assert (shown.returncode, shown.stderr) == (0, b"")
    assert shown.stdout.startswith(b"# ") and shown.stdout.count(b"\n") > 100
    assert b"?U?" in shown.stdout and not shown.stdout.strip(b"\n").endswith(b"?")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a workflow that makes one file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Snakefile").write_text("rule all:\n    output: 'made'\n    shell: 'touch made'\n")
    return tmp_path


@pytest.mark.parametrize("home", [{"HOME": "/proc"}, {"XDG_CACHE_HOME": "/proc/none"}], ids=str)
def test_a_home_that_cannot_be_written_is_not_needed(folder: Path, home: dict[str, str]) -> None:
    made = run("run", **home)
    assert made.returncode == 0, made.stderr
    assert (folder / "made").is_file() and (folder / ".snakemake/caches").is_dir()


def test_a_home_that_can_be_written_keeps_the_caches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    keep_caches(tmp_path / "other")
    assert os.environ["XDG_CACHE_HOME"] == str(tmp_path / "home")
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    keep_caches(tmp_path / "other")
    assert os.environ["XDG_CACHE_HOME"] == str(tmp_path / "other")


def test_a_profile_that_is_gone_is_named(folder: Path) -> None:
    refused = run("run", SNAKEMAKE_PROFILE="gone")
    assert refused.returncode == 1
    assert b"SNAKEMAKE_PROFILE names gone" in refused.stderr and b"unset it" in refused.stderr
    asked = run("run", "--", "--profile", "missing", SNAKEMAKE_PROFILE="gone")
    assert asked.returncode == 1 and b"(missing)" in asked.stderr
    assert not (folder / "made").exists()


def test_a_verb_keeps_what_it_compiles_though_the_container_says_not(tmp_path: Path) -> None:
    """The processes that it starts inherit that."""
    module = tmp_path / "told.py"
    module.write_text("")
    code = (
        "import os, subprocess, sys\n"
        "from schatten.runtime import surroundings\n"
        "surroundings.keep_bytecode()\n"
        "subprocess.run([sys.executable, '-c', 'import told'], check=True)\n"
    )
    path = os.pathsep.join([str(tmp_path), *sys.path])
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": path}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
    assert list(tmp_path.glob("__pycache__/told.*.pyc"))
