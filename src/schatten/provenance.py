"""Where and when something was made: kept apart from results, which must not depend on it."""

import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path


def here() -> dict[str, str]:
    """Return date (UTC), commit, host and processor, for captions and cost tables."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "commit": commit(),
        "host": platform.node(),
        "cpu": _cpu(),
    }


def commit() -> str:
    """Return the short commit of the project, with `+` where files differ from it."""
    try:
        run = ["git", "describe", "--always", "--dirty=+", "--exclude=*"]
        return subprocess.run(run, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
