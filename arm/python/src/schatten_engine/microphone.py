"""What a microphone hears, by ALSA's arecord."""

import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import numpy as np
from numpy.typing import NDArray

from schatten_engine._engine import EngineError

_COMMAND = ("arecord", "-q", "-t", "raw", "-r", "16000", "-c", "1", "-f", "S16_LE")
_BYTES = 3200
"""A tenth of a second."""


def record(device: str | None = None) -> Iterator[NDArray[np.int16]]:
    """Yield a microphone's samples, 16 kHz, as they come, until Ctrl-C; a second one interrupts.

    `device`: as `arecord -L` names it; None: ALSA's default. For the main thread alone, as Python
    handles signals there. Errors: `EngineError` if arecord is missing, or cannot record.
    """
    if shutil.which(_COMMAND[0]) is None:
        raise EngineError(
            "no microphone can be heard, as arecord is not installed: run "
            "`sudo apt-get install alsa-utils`, or give files of sound"
        )
    chosen = () if device is None else ("-D", device)
    with tempfile.TemporaryFile() as said:
        with subprocess.Popen(
            [*_COMMAND, *chosen], stdout=subprocess.PIPE, stderr=said
        ) as recording:
            with _ended_by_interrupt(recording) as interrupts:
                assert recording.stdout is not None
                while data := recording.stdout.read(_BYTES):
                    yield np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.int16)
            status = recording.wait()
        # A recorder warns while all is well (`overrun!!!`), so that its words alone say little.
        if status != 0 and not interrupts:
            said.seek(0)
            complaint = said.read().decode(errors="replace").strip() or "it gives no reason"
            raise EngineError(
                f"arecord cannot record ({complaint.splitlines()[0]}): "
                "name a microphone with --device; `arecord -L` lists them"
            )


@contextmanager
def _ended_by_interrupt(recording: "subprocess.Popen[bytes]") -> Iterator[list[int]]:
    """Let a first SIGINT end the recording, so that its words still come."""
    interrupts: list[int] = []
    before = signal.getsignal(signal.SIGINT)

    def end(number: int, _: FrameType | None) -> None:
        interrupts.append(number)
        recording.terminate()
        signal.signal(signal.SIGINT, before)

    if before != signal.SIG_IGN:  # such as under nohup
        signal.signal(signal.SIGINT, end)
    try:
        yield interrupts
    except BaseException:
        recording.terminate()  # it would wait for ever, as nobody takes its sound
        raise
    finally:
        signal.signal(signal.SIGINT, before)
