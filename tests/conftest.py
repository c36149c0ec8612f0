"""Settings of all tests: one torch thread, the folder of the real corpora, the nightly tests.

The summary lists what took the most CPU time, with the processes that a test waited for: on a busy
machine the clock says little.
"""

import os
from collections.abc import Generator
from pathlib import Path

import pytest

from schatten.runtime import surroundings

os.environ.setdefault("OMP_NUM_THREADS", "1")
surroundings.keep_bytecode()

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


class CpuTime:
    """Measures the CPU time of each phase of each test; workers of xdist send it with reports."""

    def __init__(self) -> None:
        self.before = self.now()

    @staticmethod
    def now() -> float:
        """Return the CPU seconds of this process and of all that it has waited for."""
        return sum(os.times()[:4])

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self,
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Note what a phase took; what the first test of a fixture needs counts as its set-up."""
        report = yield
        now = self.now()
        report.cpu_seconds, self.before = now - self.before, now
        return report

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print the ten phases that took the most, and the sum."""
        reports = [one for many in terminalreporter.stats.values() for one in many]
        taken = [one for one in reports if getattr(one, "cpu_seconds", 0) >= 1]
        if not taken:
            return
        terminalreporter.section("most CPU time")
        taken.sort(key=lambda one: one.cpu_seconds, reverse=True)
        for one in taken[:10]:
            terminalreporter.line(f"{one.cpu_seconds:8.1f} s {one.when:8} {one.nodeid}")
        every = sum(getattr(one, "cpu_seconds", 0) for one in reports)
        terminalreporter.line(f"{every / 60:8.1f} min in all")


def pytest_configure(config: pytest.Config) -> None:
    """Measure in every process."""
    config.pluginmanager.register(CpuTime())
