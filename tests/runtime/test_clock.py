"""A clock that went back: artifacts from the future are named, and their times mended in order."""

import os
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from schatten.cli import app
from schatten.errors import UserError
from schatten.runtime import files
from schatten.runtime.clock import refuse_future
from schatten.runtime.provenance import recorded

HOUR = 3600 * 10**9


def write(path: Path, ahead: int) -> None:
    """Make an artifact whose time is so many nanoseconds from now."""
    recorded("make", lambda output: files.write_text(output, "text"))(output=path)
    made = time.time_ns() + ahead
    os.utime(path, ns=(made, made))


def test_files_from_the_future_are_named_and_mended_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names = ["old", "first", "second", "last"]
    for name, ahead in zip(names, (-HOUR, HOUR, HOUR + 1, 2 * HOUR), strict=True):
        write(Path("results") / name, ahead)
    os.utime("results/second", ns=(0, Path("results/first").stat().st_mtime_ns + 1))
    with pytest.raises(UserError, match=r"last \(and 2 more\) is from the future") as refused:
        refuse_future([Path("results")])
    assert "`schatten mend-times`" in str(refused.value)
    cached = tmp_path / "cache"
    Path("results/last").rename(cached)  # as Snakemake's cache does
    Path("results/last").symlink_to(cached)
    before = Path("results/old").stat().st_mtime_ns
    result = CliRunner().invoke(app, ["mend-times"])
    assert (result.exit_code, result.stdout[:7]) == (0, "3 files")
    refuse_future([Path("results")])
    times = [Path("results", name).stat().st_mtime for name in names]
    assert times == sorted(set(times))
    assert times[-1] <= time.time()
    assert Path("results/old").stat().st_mtime_ns == before


def test_a_folder_is_as_old_as_snakemake_says(tmp_path: Path) -> None:
    folder = tmp_path / "audio"

    def make(output: Path) -> None:
        with files.atomic_output(output) as beside:
            beside.mkdir()

    recorded("make", make)(output=folder)
    flag = folder / ".snakemake_timestamp"
    flag.touch()
    refuse_future([tmp_path])
    later = time.time_ns() + HOUR
    os.utime(flag, ns=(later, later))
    with pytest.raises(UserError, match="audio is from the future"):
        refuse_future([tmp_path])
