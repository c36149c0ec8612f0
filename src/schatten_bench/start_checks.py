"""Measures what a run checks before it plans: seals and settings of all artifacts."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from schatten.artifacts import Validation, read
from schatten.recipe import Recipe
from schatten.recipe.layout import Layout
from schatten.recipe.recorded import Recorded
from schatten.runtime import seals
from schatten.runtime.clock import refuse_future


@dataclass(frozen=True)
class StartChecks:
    """The checks of a finished run."""

    records: int
    data_bytes: int
    """Bytes of the artifacts that grow with the corpus."""
    other_bytes: int
    hours: float
    """Hours of audio in all splits."""
    seconds: float
    """CPU seconds of the checks, where nothing was touched since the last ones."""
    hashing: float
    """CPU seconds to hash every artifact, as once after it was made or copied."""

    def scaled(self, hours: float) -> tuple[float, float]:
        """Return the gigabytes (10^9) and the CPU seconds to hash them for other hours."""
        whole = self.data_bytes * hours / self.hours + self.other_bytes
        return whole / 1e9, self.hashing * whole / (self.data_bytes + self.other_bytes)


def measure_start_checks(recipe: Recipe, layout: Layout) -> StartChecks:
    """Check a finished run twice, the second time with the clock, and hash all of it.

    Errors: `UserError` for damaged artifacts, and where the run has no validation.
    """
    folders = [layout.data, layout.home]

    def check() -> None:
        seals.refuse_damaged(folders)
        refuse_future(folders)
        list(Recorded(recipe).changes(folders))

    check()
    data, others = (_files(folder) for folder in folders)
    hours = sum(one.hours for one in read(layout.validation, Validation).splits.values())
    return StartChecks(
        len([path for folder in folders for path in seals.artifacts(folder)]),
        sum(path.stat().st_size for path in data),
        sum(path.stat().st_size for path in others),
        hours,
        _cpu_seconds(check),
        _cpu_seconds(lambda: [seals.seal(path) for path in (*data, *others)]),
    )


def _files(folder: Path) -> list[Path]:
    return [path for path in seals.artifacts(folder) if path.is_file()]


def _cpu_seconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began
