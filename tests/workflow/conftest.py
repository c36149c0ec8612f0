"""Copies of the project: a fresh one, and one in which the smoke recipe was run."""

import subprocess
from pathlib import Path

import pytest
from project import ROOT, Project, copy_project

pytest.register_assert_rewrite("fault_bench")


@pytest.fixture(scope="session")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project at the start of the tests, so that later edits of files do not change runs.

    The engine, which all copies share, is built before any: none of them builds it while another
    decodes with it. Where it cannot be built, the run that needs it says so.
    """
    subprocess.run([ROOT / "scripts/build_engine.sh", "2"], check=False, capture_output=True)
    return copy_project(ROOT, tmp_path_factory.mktemp("snapshot")).path


@pytest.fixture
def project(snapshot: Path, tmp_path: Path) -> Project:
    """A fresh copy of the project."""
    return copy_project(snapshot, tmp_path)


@pytest.fixture(scope="session")
def done(snapshot: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the project in which the smoke recipe was run with -j8."""
    project = copy_project(snapshot, tmp_path_factory.mktemp("done"))
    project.make("-j8")
    return project
