"""The output of qemu's plugin that counts instructions."""

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
