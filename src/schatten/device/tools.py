"""Runs the command-line tools that the measurements need. It does not interpret their output."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from schatten.errors import UserError

PACKAGES = {
    "qemu-aarch64": "qemu-user",
    "qemu-arm": "qemu-user",
    "aarch64-linux-gnu-objdump": "binutils-aarch64-linux-gnu",
    "llvm-mca-19": "llvm-19",
}
"""Debian's package of each tool."""


def run(command: Sequence[str | Path], stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run a tool to its end and return what it wrote.

    Errors: `UserError` if it is not installed, or where it fails.
    """
    name = str(command[0])
    if shutil.which(name) is None:
        package = PACKAGES.get(name)
        fix = f"apt-get install {package}" if package else "build it first: schatten run arm"
        raise UserError(f"{name} is missing: {fix}")
    done = subprocess.run(
        [str(part) for part in command], input=stdin, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise UserError(f"{' '.join(map(str, command))} failed: {done.stderr.strip()[-500:]}")
    return done
