"""Copies of the project: a fresh one, and one in which the smoke recipe was run."""

import os
from pathlib import Path

import pytest
from project import ROOT, Project, copy_project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A fresh copy of the project."""
    return copy_project(tmp_path)


@pytest.fixture(scope="session")
def done(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A copy of the project in which the smoke recipe was run with -j8."""
    project = copy_project(tmp_path_factory.mktemp("done"))
    project.make("-j8")
    return project


@pytest.fixture(scope="session")
def corpora() -> Path:
    """Folder of real corpora."""
    return Path(os.environ.get("SCHATTEN_CORPORA", ROOT.parent / "shared/corpora"))
