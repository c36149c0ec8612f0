"""Settings of all tests: one torch thread, and the folder of the real corpora."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder of real corpora; a test that needs it is skipped where it is absent."""
    folder = Path(os.environ.get("SCHATTEN_CORPORA", ROOT / "../shared/corpora")).resolve()
    if not folder.is_dir():
        pytest.skip(f"no corpora at {folder}: set SCHATTEN_CORPORA to their folder")
    return folder
