"""Settings of all tests: one torch thread, the folder of the real corpora, the nightly tests."""

import os
from pathlib import Path

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).parent.parent


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--nightly", action="store_true", help="run the tests marked nightly too")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the nightly tests out, unless they are asked for; take those of the workflow first.

    These are the longest: at the end they would leave one worker busy and the others idle.
    """
    if not config.getoption("--nightly"):
        slow = [item for item in items if item.get_closest_marker("nightly")]
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if not item.get_closest_marker("nightly")]
    items.sort(key=lambda item: item.get_closest_marker("workflow") is None)


@pytest.fixture(scope="session")
def corpora() -> Path:
    """The folder of real corpora; a test that needs it is skipped where it is absent."""
    folder = Path(os.environ.get("SCHATTEN_CORPORA", ROOT / "../shared/corpora")).resolve()
    if not folder.is_dir():
        pytest.skip(f"no corpora at {folder}: set SCHATTEN_CORPORA to their folder")
    return folder
