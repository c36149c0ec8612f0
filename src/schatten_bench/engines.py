"""The engine beside onnxruntime and torch: speed, memory and load time on this host, one thread.

Each program has loaded its model in a process of its own; they are asked in turns, so that
a busy machine slows all alike, and the fastest chunk of each counts. Chunks and loading are taken
in CPU time, files being in the page cache. The engine's
chunk goes from samples to text, features and decoding included; the others' from features to
log-probabilities.
"""

import subprocess
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from schatten.errors import UserError

CHUNKS = 5
"""Chunks in a turn."""


@dataclass(frozen=True)
class EngineProgram:
    """A program with a model: the command of its process, and its file."""

    name: str
    command: Sequence[str | Path]
    file: Path


@dataclass
class EngineTimes:
    """Times, memory and size of a program with its model."""

    name: str
    bytes_on_disk: int
    load_seconds: float
    """CPU time."""
    grown_bytes: int
    """Memory that the model and its first chunks added to the process, libraries being loaded."""
    peak_bytes: int
    """The most that was added at any time, loading included."""
    chunks: list[float] = field(default_factory=list)
    """Least microseconds of a chunk in each turn."""

    @property
    def microseconds(self) -> float:
        """Time of the fastest chunk."""
        return min(self.chunks)


def time_engines(programs: Sequence[EngineProgram], rounds: int) -> list[EngineTimes]:
    """Load all programs, then time them in turns; return the times of each.

    Errors: `UserError` if one of them fails.
    """
    with ExitStack() as stack:
        processes = [stack.enter_context(_start(one)) for one in programs]
        results = []
        for one, process in zip(programs, processes, strict=True):
            seconds, grown, peak = _answer(one, process)
            size = one.file.stat().st_size
            results.append(EngineTimes(one.name, size, seconds, int(grown), int(peak)))
        for _ in range(rounds):
            for one, process, result in zip(programs, processes, results, strict=True):
                result.chunks += _ask(one, process)
        for process in processes:
            assert process.stdin is not None
            process.stdin.close()
    return results


def _start(one: EngineProgram) -> subprocess.Popen[str]:
    command = [str(part) for part in one.command]
    try:
        return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    except FileNotFoundError:
        raise UserError(f"{command[0]} is missing: schatten run arm builds it") from None


def _ask(one: EngineProgram, process: subprocess.Popen[str]) -> list[float]:
    assert process.stdin is not None
    process.stdin.write(f"{CHUNKS}\n")
    process.stdin.flush()
    return _answer(one, process)


def _answer(one: EngineProgram, process: subprocess.Popen[str]) -> list[float]:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise UserError(f"{one.name} failed: run {' '.join(map(str, one.command))}")
    return [float(word) for word in line.split()]


def table_lines(
    results: Sequence[EngineTimes],
    audio_microseconds: float,
    parameters: int,
    ours: Mapping[str, str],
) -> list[dict[str, str]]:
    """Return a line of a table for each program; `ours` maps our programs to their precisions."""
    rivals = [result for result in results if result.name not in ours]
    fastest = min(result.microseconds for result in rivals)
    return [
        {
            "what": result.name,
            "us/chunk": f"{result.microseconds:.0f}",
            "RTF": f"{result.microseconds / audio_microseconds:.4f}",
            "x fastest rival": f"{fastest / result.microseconds:.2f}"
            if result.name in ours
            else "",
            "load (ms)": f"{1000 * result.load_seconds:.0f}",
            "memory (MB)": f"{result.grown_bytes / 1e6:.1f}",
            "peak (MB)": f"{result.peak_bytes / 1e6:.1f}",
            "bytes/parameter": f"{result.bytes_on_disk / parameters:.3f}",
        }
        for result in results
    ]
