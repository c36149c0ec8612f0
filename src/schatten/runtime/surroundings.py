"""A verb works in the surroundings of its user: other encodings than UTF-8, a home without room."""

import locale
import os
import sys
from pathlib import Path

_STDIO = "PYTHONIOENCODING"
_NO_BYTECODE = "PYTHONDONTWRITEBYTECODE"


def use_utf8() -> None:
    """Read and write files as UTF-8 whatever the locale is, and never fail to print a character.

    A locale decides once, when Python starts, so this command starts anew in Python's UTF-8 mode
    where it is not UTF-8. A terminal that lacks a character shows `?`. The processes that this one
    starts do the same.
    """
    utf8 = bool(sys.flags.utf8_mode) or _is_utf8(locale.getpreferredencoding(False))
    if not utf8 and os.environ.get("PYTHONUTF8") != "1":
        os.environ.setdefault(_STDIO, "ascii:replace")
        os.environ["PYTHONUTF8"] = "1"
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure") and not _is_utf8(stream.encoding):
            stream.reconfigure(errors="replace")
    if (wanted := os.environ.get(_STDIO, "")) and ":" not in wanted:
        os.environ[_STDIO] = f"{wanted}:replace"


def _is_utf8(encoding: str) -> bool:
    return encoding.lower().replace("-", "").replace("_", "") == "utf8"


def keep_bytecode() -> None:
    """Let Python keep what it compiles, here and in the processes that this one starts.

    Images of containers often forbid it. Then each of the hundreds of processes of a run compiles
    every module that it imports: torch alone took 8.3 s of CPU time so, in place of 3.5 s.
    """
    os.environ.pop(_NO_BYTECODE, None)
    sys.dont_write_bytecode = False


def keep_caches(folder: Path) -> None:
    """Let libraries keep their caches in `folder` where the home of the user cannot be written."""
    # Without HOME and an entry in the table of users, `~` stays as it is.
    home = Path(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"))  # noqa: PTH111
    try:
        usable = home.is_absolute()
        if usable:
            home.mkdir(parents=True, exist_ok=True)
            usable = os.access(home, os.W_OK | os.X_OK)
    except OSError:
        usable = False
    if not usable:
        os.environ["XDG_CACHE_HOME"] = str(folder.absolute())
        os.environ.setdefault("MPLCONFIGDIR", str(folder.absolute() / "matplotlib"))
