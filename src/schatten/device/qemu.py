"""Qemu's plugin that counts instructions: its options and what it prints."""

import re
from pathlib import Path

from schatten.errors import UserError


def instruction_count(said: str, plugin: Path) -> int:
    """Return the instructions that a program executed; `said` is the plugin's standard error.

    Errors: `UserError` if `plugin` (libinsn_plugin.so) printed no count.
    """
    found = re.search(r"^instructions (\d+)$", said, re.MULTILINE)
    if found is None:
        raise UserError(f"{plugin} printed no count: rebuild it with schatten run arm")
    return int(found[1])


def counting_clock(plugin: Path) -> tuple[str, ...]:
    """Return options of qemu-aarch64 with which a second of the guest is 1e9 instructions."""
    return "-plugin", f"{plugin.resolve()},clock=instructions"


def has_counted(said: str) -> bool:
    """Return whether the guest read such a clock; `said` is the plugin's standard error.

    An emulator whose guests read the time without a call of the system would leave theirs.
    """
    found = re.search(r"^times replaced (\d+)$", said, re.MULTILINE)
    return found is not None and int(found[1]) > 0
