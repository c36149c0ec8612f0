"""A project with the smallest corpus that goes through every step, and faults for it."""

import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hostile_corpus import CORPUS, KINDS, RECIPE
from processes import ends
from project import Project

from schatten.runtime import explain, seals

PATIENCE = 3600.0
"""Seconds after which a run that does not end has failed the test."""
TIMED = (
    *("history.json", "report.html", "systems.html", "systems.md"),
    *("wer.html", "wer.md", "wer.tex"),
    *(f"{name}.{ending}" for name in ("cost", "times") for ending in ("csv", "html", "md", "tex")),
)
"""Artifacts that say when, where or how fast they were made."""
STEPS = {
    "corpus": "own/*",
    "features": "own/*/features",
    "lm": "own/*/lm",
    "am": "own/least/am",
    "logprobs": "own/least/logprobs",
    "tune": "own/least/tune",
    "decode": "own/least/decode",
    "tables": "own/least/tables",
}
"""What is removed, to be made again while a fault strikes."""
KEPT = ("results", "state", ".snakemake")
"""Folders of a project that a run writes to."""


@dataclass
class Bench:
    """A project in which faults happen."""

    project: Project
    saved: Path
    """Where what an undisturbed run made is kept."""
    right: dict[str, str] = field(default_factory=dict)
    """Checksums of what an undisturbed run makes."""

    @property
    def results(self) -> Path:
        """Folder of all artifacts."""
        return self.project.path / "results"

    @property
    def command(self) -> tuple[str, ...]:
        """The one command that is given again and again."""
        return self.asking_for("wer_tables")

    def asking_for(self, target: str) -> tuple[str, ...]:
        """Return the command that makes a target."""
        return ("schatten", "run", target, "-j2", "--recipe", RECIPE, "--corpus-dir", CORPUS)

    def start(self) -> subprocess.Popen[str]:
        """Start the command."""
        return self.project.start(*self.command)

    def run(self) -> tuple[int, str]:
        """Give the command to its end; return its status and what it printed."""
        process = self.start()
        return ending(process)

    def save(self) -> None:
        """Keep the present artifacts as those of an undisturbed run."""
        self.right = self.digests()
        for name in KEPT:
            shutil.copytree(self.project.path / name, self.saved / name, symlinks=True)

    def restore(self) -> None:
        """Put back the artifacts of an undisturbed run, with their time stamps."""
        for name in KEPT:
            folder = self.project.path / name
            for path in folder.iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            shutil.copytree(self.saved / name, folder, symlinks=True, dirs_exist_ok=True)

    def digests(self) -> dict[str, str]:
        """Return the checksum of every artifact whose bytes a run determines."""
        paths = (path for path in self.results.rglob("*") if path.is_file() and _is_fixed(path))
        return {str(path.relative_to(self.results)): seals.seal(path).sha256 for path in paths}

    def assert_right(self, removed: Path | None = None) -> None:
        """Check that the command ends well, with every artifact as an undisturbed run makes it.

        One that was removed by hand and that no step reads now may be missing.
        """
        status, output = self.run()
        if said := re.search(r"remove (results/\S+) too and run again", output):
            (self.project.path / said[1]).unlink()
            status, output = self.run()
        assert status == 0, output
        found = self.digests()
        left_out = {name for name in self.right if (self.results / name) == removed}
        assert found.keys() | left_out == self.right.keys()
        assert [name for name in found if found[name] != self.right[name]] == []
        with inside(self.project.path):
            chain = explain.chain(Path(f"results/{RECIPE}/tables/wer.csv"))
            broken = [
                (path, problem)
                for path, problem in explain.problems(chain)
                if self.project.path / path != removed
                and (removed is None or str(removed.relative_to(self.project.path)) not in problem)
            ]
        assert broken == []
        assert not list(self.project.path.rglob("pwned*"))

    def remove_step(self, step: str) -> None:
        """Remove what a step and all later ones made, so that there is work to do."""
        names = list(STEPS)
        for name in names[names.index(step) :]:
            for path in self.results.glob(STEPS[name]):
                if path.name != Path(RECIPE).name:
                    shutil.rmtree(path)

    def artifacts(self) -> list[Path]:
        """Return the files that have a provenance record, in a fixed order."""
        paths = (path for path in sorted(self.results.rglob("*")) if path.is_file())
        return [path for path in paths if seals.record_of(path).is_file()]

    def recordings(self) -> list[Path]:
        """Return the corpus's recordings."""
        folder = self.project.path / CORPUS
        return sorted(path for path in folder.rglob("*") if path.suffix[1:] in KINDS)

    def verbs(self) -> list[int]:
        """Return the processes of steps that run now."""
        return [pid for pid in self.project.processes() if _is_verb(pid)]


def ending(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Wait for a run's end; return its status and what it printed."""
    try:
        output, _ = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
    return process.returncode, output


def _is_fixed(path: Path) -> bool:
    is_log = path.suffix == ".log" or path.name == "log"
    return not is_log and not path.name.startswith(".") and path.name not in TIMED


def _is_verb(pid: int) -> bool:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return len(words) > 2 and words[1].endswith(b"/schatten") and words[2] != b"run"


def _cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process: a measure of its age that does not depend on the load."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def inside(folder: Path) -> Iterator[None]:
    """Work in a folder for as long as the context lasts."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


@dataclass(frozen=True)
class Struck:
    """What a fault did, and how the run that it disturbed ended."""

    what: str
    ended: str
    removed: Path | None = None
    """What was damaged and then removed by hand, as the error says."""


TABLE, ERROR, KILLED = "with the right table", "with one clear error", "killed"


def _ended(status: int, output: str, *names: str) -> str:
    """Say how a run ended: well, or with an error that names one of `names`, and no traceback."""
    if status == 0:
        return TABLE
    said = "FAILED " in output or "schatten: " in output
    assert status == 1 and said and "Traceback" not in output, output
    assert not names or any(name in output for name in names), output
    return ERROR


def kill_a_job(bench: Bench, chance: random.Random) -> Struck | None:
    """Kill some step with SIGKILL."""
    process = bench.start()
    victim = _wait_for_step(bench, process, chance)
    verb = "" if victim is None else _verb(victim)
    if victim is not None:
        os.kill(victim, signal.SIGKILL)
    ended = _ended(*ending(process))
    return Struck(f"killed {verb}", ended) if verb else None


def kill_the_run(bench: Bench, chance: random.Random) -> Struck | None:
    """Kill Snakemake with SIGKILL, mostly while some step runs; its steps end with it."""
    process = bench.start()
    if chance.random() < 0.25:
        moment = chance.uniform(0, 3)
        while process.poll() is None and _cpu_seconds(process.pid) < moment:
            time.sleep(0.02)
        what = f"after {moment:.1f} s of its CPU time"
    else:
        step = _wait_for_step(bench, process, chance)
        what = "" if step is None else f"during {_verb(step)}"
    working = bench.verbs()
    struck = process.poll() is None and what
    process.kill()
    process.communicate(timeout=PATIENCE)
    assert all(ends(pid, 60) for pid in working)
    return Struck(what, KILLED) if struck else None


def _wait_for_step(
    bench: Bench, process: subprocess.Popen[str], chance: random.Random
) -> int | None:
    """Return a step's process at a random moment of its life; None where the run ended before."""
    seen: list[int] = []
    skipped, moment = chance.randint(0, 3), chance.uniform(0, 3)
    while process.poll() is None:
        for pid in bench.verbs():
            if pid not in seen:
                seen.append(pid)
                moment *= 0.7 if len(seen) > skipped + 1 else 1
            if seen.index(pid) >= skipped and _cpu_seconds(pid) >= moment:
                return pid
        time.sleep(0.02)
    return None


def _verb(pid: int) -> str:
    """Return the verb of a step's process; nothing where it has just ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[2].decode()
    except (OSError, IndexError):
        return ""


def damage_an_artifact(bench: Bench, chance: random.Random) -> Struck | None:
    """Cut an artifact (or its record) short, or change a byte; then follow the error message."""
    artifacts = bench.artifacts()
    if not artifacts:
        return None
    artifact = chance.choice(artifacts)
    is_record = chance.random() < 0.1
    path = seals.record_of(artifact) if is_record else artifact
    data = bytearray(path.read_bytes())
    if not data:
        return None
    place = chance.randrange(len(data))
    if is_record or chance.random() < 0.5:
        path.write_bytes(data[:place])
        what = f"cut {path.name} to {place} of {len(data)} bytes"
    else:
        data[place] ^= 0x55
        path.write_bytes(data)
        what = f"changed byte {place} of {path.name}"
    status, output = bench.run()
    assert status == 1, output
    ended = _ended(status, output, str(path.relative_to(bench.project.path)))
    artifact.unlink()
    seals.forget(artifact)
    return Struck(what, ended, artifact)


def damage_a_recording(bench: Bench, chance: random.Random) -> Struck | None:
    """Make a recording unreadable while the command has work to do, and put it back."""
    path = chance.choice(bench.recordings())
    whole, status = path.read_bytes(), path.stat()
    how = chance.choice(("gone", "short", "empty", "other", "folder"))
    path.unlink()
    if how == "folder":
        path.mkdir()
    elif how != "gone":
        other = {"short": whole[: len(whole) // 2], "empty": b"", "other": b"no sound" * 9}
        path.write_bytes(other[how])
    ended = _ended(*bench.run(), path.name)
    if path.is_dir():
        path.rmdir()
    path.write_bytes(whole)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    return Struck(f"recording {how}", ended)


def fill_the_disk(bench: Bench, chance: random.Random) -> Struck | None:
    """Leave so little space on the disk of results and states that some step cannot go on."""
    filler = bench.results.resolve().parent / "filler"
    free = shutil.disk_usage(filler.parent).free
    left = int(chance.choice((0, 4096, 1 << 14, 1 << 16, 1 << 18)))
    with filler.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, max(1, free - left))
    status, output = bench.run()
    filler.unlink()
    return Struck(f"{left} bytes free", _ended(status, output, "full", "No space left"))


Fault = Callable[[Bench, random.Random], Struck | None]
FAULTS: Sequence[Fault] = (
    kill_a_job,
    kill_the_run,
    damage_an_artifact,
    damage_a_recording,
    fill_the_disk,
)
