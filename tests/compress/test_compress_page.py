"""docs/compress.md: its examples run, one after another; functions that it lists are public."""

import os
import re
import subprocess
import sys
from pathlib import Path

from project import ROOT

from schatten import compress

PAGE = (ROOT / "docs/compress.md").read_text()
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
NAMES = set(re.findall(r"`(\w+)\(.*?\)`", PAGE))
"""Functions that are named with their arguments."""


def whole_page() -> str:
    """Return all examples as one program, each after the others."""
    return "\n".join(BLOCKS)


def test_all_examples_run_in_the_order_of_the_page(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", whole_page()],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    sizes, *printed = done.stdout.splitlines()
    (whole, _), (_, small_bytes) = (
        tuple(map(int, pair.split(", "))) for pair in re.findall(r"\((.*?)\)", sizes)
    )
    assert small_bytes <= 800_000 < 4 * whole
    assert len([line for line in printed if " numbers" in line]) == 6, "three examples"
    assert (tmp_path / "small.pt").is_file()


def test_functions_that_the_page_lists_are_public() -> None:
    assert len(NAMES) > 30
    assert NAMES - set(compress.__all__) == set()
