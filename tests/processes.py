"""Questions about processes, for tests of several folders."""

import time
from pathlib import Path


def ends(pid: int, seconds: float = 5.0) -> bool:
    """Tell whether a process ends within some seconds; a zombie counts as ended."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.02)
    return False
