"""Compares our pruning with SRILM's on one model: time, memory and remaining n-grams."""

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from schatten.errors import UserError
from schatten.lm import arpa


@dataclass(frozen=True)
class PruningTime:
    """Time and memory of the fastest turn of a program; each turn is a process of its own."""

    name: str
    seconds: float
    """CPU time."""
    megabytes: float
    """Peak of its resident set, in 10^6 bytes."""
    ngrams: list[int]
    """N-grams left, by order."""


def time_pruning(
    model: Path, threshold: float, rival: Path | None, rounds: int
) -> list[PruningTime]:
    """Prune `model` with schatten and with SRILM's `ngram` in turns; return what each took.

    Errors: `UserError` if one of them fails, with the last line of its output.
    """
    if rival and not shutil.which(rival):
        raise UserError(f"{rival} is no program: give SRILM's ngram, or leave --ngram out")
    order = len(arpa.counts(model))
    with tempfile.TemporaryDirectory(prefix="schatten.") as folder:
        output = Path(folder) / "pruned.arpa"
        ours = [sys.executable, "-m", "schatten.cli", "lm", "prune", "--arpa", str(model)]
        ours += ["--threshold", repr(threshold), "--output", str(output)]
        theirs = [str(rival), "-order", str(order), "-lm", str(model)]
        theirs += ["-prune", repr(threshold), "-write-lm", str(output)]
        named = {"schatten": ours, **({"SRILM": theirs} if rival else {})}
        turns = [_turn(name, named[name], model, output) for _ in range(rounds) for name in named]
    return [min((t for t in turns if t.name == name), key=lambda t: t.seconds) for name in named]


def _turn(name: str, command: list[str], model: Path, output: Path) -> PruningTime:
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, stdout=said, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said.seek(0)
        lines = said.read().decode(errors="replace").strip().splitlines() or ["nothing"]
    if process.returncode:
        raise UserError(
            f"{name} could not prune {model} (status {process.returncode}): {lines[-1]}; "
            "repair what it names, or make the model again"
        )
    seconds = usage.ru_utime + usage.ru_stime
    return PruningTime(name, seconds, usage.ru_maxrss * 1024 / 1e6, arpa.counts(output))
