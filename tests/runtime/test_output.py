"""Results that cannot be printed: status 1 and one sentence, never a traceback."""

import subprocess
import sys
from pathlib import Path

import pytest

VERB = [sys.executable, "-m", "schatten.cli", "settings"]
LATE = [
    sys.executable,
    "-c",
    "from schatten.runtime import output; output.guard(); print('x'); print('y')\n"
    "try: output.flush()\n"
    "except Exception as error: print(type(error).__name__, error, file=__import__('sys').stderr)",
]
"""Nothing is written before the end."""


def _said(command, output):
    done = subprocess.run(
        command, check=False, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.PIPE
    )
    return done.returncode, done.stderr.decode()


def _closed_pipe():
    reader = subprocess.Popen(["true"], stdin=subprocess.PIPE)
    reader.wait()
    return reader.stdin


def test_a_full_disk_and_a_closed_pipe_are_said():
    with Path("/dev/full").open("wb") as full:
        status, said = _said(VERB, full)
    assert (status, said) == (
        1,
        "schatten: standard output cannot be written: No space left on device\n",
    )
    with pytest.raises(BrokenPipeError), _closed_pipe() as pipe:
        status, said = _said(VERB, pipe)
        pipe.write(b"x")
    assert (status, said) == (1, "schatten: standard output cannot be written: Broken pipe\n")


def test_output_that_was_closed_before_the_start_is_said():
    shell = ["sh", "-c", '"$@" >&-', "sh", *LATE]
    assert _said(shell, None) == (
        0,
        "UserError standard output cannot be written: Bad file descriptor\n",
    )


def test_what_is_held_back_fails_once_and_the_interpreter_ends_in_peace():
    with Path("/dev/full").open("wb") as full:
        status, said = _said(LATE, full)
    assert status == 0
    assert said == "UserError standard output cannot be written: No space left on device\n"


def test_what_can_be_written_is_as_ever(tmp_path):
    with (tmp_path / "out").open("wb") as out:
        assert _said(LATE, out) == (0, "")
    assert (tmp_path / "out").read_text() == "x\ny\n"
