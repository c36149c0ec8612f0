"""Tries each part of a release where nothing else is: an empty root, or an environment of its own.

All programs hear an utterance of the recipe's test split, and must write the same words.
"""

import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from release import Model

EMULATORS = {"aarch64": "qemu-aarch64", "armv7": "qemu-arm"}
NODE = Path(__file__).resolve().parent.parent / "arm/web/node/recognize.mjs"
PLAIN = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/nonexistent"}
"""All that the environment of a trial has."""
COMPRESSES = """
import sys, torch
from schatten.compress import compress
model = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 8))
size = lambda one: sum(part.numel() for part in one.parameters())
assert size(compress(model, rank=4)) < size(model) / 2
assert "typer" not in sys.modules
"""


BEGUN = time.monotonic()
"""When this process began, in seconds of a clock of its own."""


class Refused(Exception):
    """What keeps a release from being made; each line is a reason and the fix."""


def try_all(made: Path, version: str, recordings: Mapping[str, Path], log: Path) -> None:
    """Try every part of a release in `made`. Errors: `Refused` for the first that fails.

    `recordings`: a WAV file for each model, by the model's part of its archive's name.
    """
    trial = Trial(log)
    trial.run("sha256sum", "--check", "--quiet", "SHA256SUMS", cwd=made)
    with tempfile.TemporaryDirectory(prefix="schatten-") as place:
        work = Path(place)
        for target in ("x86_64", "aarch64", "armv7"):
            home = unpacked(made / f"schatten-recognize-{version}-{target}.tar.gz", work)
            trial.program(home / "schatten-recognize", target, "--help")
            trial.said(f"program for {target}")
        heard = {}
        for name, sound in recordings.items():
            bundle = unpacked(made / f"schatten-{version}-{name}.tar.gz", work)
            heard[bundle] = sound, trial.bundle(bundle, sound)
            trial.said(f"bundle {name}: {heard[bundle][1]!r} on three targets")
        try_packages(trial, made, work)
        python = trial.environment(work / "engine", made.glob("schatten_engine-*.whl"), torch=False)
        web = unpacked(made / f"schatten-web-{version}.tar.gz", work)
        for bundle, (sound, words) in heard.items():
            command = (python, "-m", "schatten_engine", "recognize", "--json", bundle, sound)
            trial.same(words, trial.run(*command, cwd=work), f"the engine's wheel, {bundle.name}")
            command = (shutil.which("node") or "node", NODE, web, bundle, samples_of(sound, work))
            trial.same(words, trial.run(*command, cwd=work), f"WebAssembly, {bundle.name}")


def try_packages(trial: "Trial", made: Path, work: Path) -> None:
    """Try the package's wheel: alone, and with the extra that recipes need."""
    [wheel] = made.glob("schatten-*.whl")
    python = trial.environment(work / "light", [wheel])
    trial.run(python, "-c", COMPRESSES, cwd=work)
    trial.said("schatten alone: compress")
    python = trial.environment(work / "whole", [f"{wheel}[workflow]"])
    trial.run(python, "-m", "schatten", "init", "--no-tools", "speech", cwd=work)
    plan = (python, "-m", "schatten", "run", "-n", "wer_tables")
    trial.run(*plan, "--recipe", "voicesearch_like/smoke", cwd=work / "speech")
    trial.said("schatten[workflow]: init, run -n")


def say(what: str) -> None:
    """Print a line of progress, with the minutes since the beginning, and those of CPU time."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = (time.monotonic() - BEGUN, children.ru_utime + children.ru_stime)
    clock, cpu = (f"{seconds / 60:.1f}" for seconds in spent)
    print(f"release: {clock} min, {cpu} of CPU: {what}", flush=True)


def unpacked(archive: Path, work: Path) -> Path:
    """Unpack an archive; return its folder."""
    subprocess.run(["tar", "-xzf", archive, "-C", work], check=True)
    return work / archive.name.removesuffix(".tar.gz")


def a_recording(model: "Model", folder: Path) -> Path:
    """Write an utterance of a recipe's test split as WAV into a new folder; return the file."""
    from schatten.cli.experiment import experiment_of
    from schatten.decode.sound import write_sample

    corpus = Path(model.corpus_dir) if model.corpus_dir else None
    experiment, _ = experiment_of(model.recipe, corpus, Path("results"))
    cuts = experiment.layout.cuts(experiment.recipe.splits.test[0])
    folder.mkdir(parents=True)
    [sound] = write_sample(cuts, corpus or cuts.parent, 1, folder).values()
    return sound


def samples_of(sound: Path, work: Path) -> Path:
    """Write the samples of a WAV file alone, which Node is given; return the file."""
    raw = work / f"{sound.parent.name}.pcm"
    with wave.open(str(sound)) as file:
        raw.write_bytes(file.readframes(file.getnframes()))
    return raw


class Trial:
    """Runs commands in a plain environment; what they say goes to a log."""

    def __init__(self, log: Path) -> None:
        """Take the log."""
        self.log = log

    def said(self, what: str) -> None:
        """Say what was tried."""
        say(f"tried {what}")

    def run(self, *command: object, cwd: Path, **more: str) -> str:
        """Run a command in a folder with a plain environment; return what it prints."""
        done = subprocess.run(
            [*map(str, command)],
            cwd=cwd,
            env={**PLAIN, **more},
            capture_output=True,
            text=True,
            check=False,
        )
        with self.log.open("a") as file:
            file.write(f"$ {' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
        if done.returncode:
            self.fail(
                f"`{' '.join(map(str, command))}` failed: {(done.stderr or done.stdout)[-800:]}"
            )
        return done.stdout

    def fail(self, why: str) -> None:
        """Refuse the release."""
        raise Refused(f"  {why}; see {self.log}")

    def program(self, program: Path, target: str, *arguments: str) -> str:
        """Run a static program: of this machine in an empty root, of others under emulation."""
        with tempfile.TemporaryDirectory(prefix="schatten-") as place:
            root = Path(place)
            shutil.copy(program, root / "program")
            if target == platform.machine():
                command = ["unshare", "--map-root-user", f"--root={root}", "/program"]
            else:
                command = [EMULATORS[target], "-L", str(root), str(root / "program")]
            return self.run(*command, *arguments, cwd=root)

    def bundle(self, bundle: Path, sound: Path) -> str:
        """Recognise a recording with each program of a bundle; return the words of all of them."""
        self.run("sha256sum", "--check", "--quiet", "SHA256SUMS", cwd=bundle)
        heard = {}
        for target in sorted(path.name for path in (bundle / "bin").iterdir()):
            program = bundle / "bin" / target / "schatten-recognize"
            if target != platform.machine():
                emulated = bundle.parent / f"emulated-{target}"
                emulated.write_text(f'#!/bin/sh\nexec {EMULATORS[target]} "{program}" "$@"\n')
                emulated.chmod(0o755)
                program = emulated
            said = self.run(
                "./recognize.sh", "--json", sound, cwd=bundle, SCHATTEN_RECOGNIZE=str(program)
            )
            heard[target] = words_of(said)
        words = heard[platform.machine()]
        if not words or set(heard.values()) != {words}:
            self.fail(f"{bundle.name} hears {heard}: it should hear the same words on all targets")
        return words

    def same(self, words: str, said: str, what: str) -> None:
        """Refuse other words than those of the bundle's own program."""
        if words_of(said) != words:
            self.fail(f"{what} hears {words_of(said)!r}, not {words!r}")
        self.said(f"{what}: the same words")

    def environment(self, home: Path, wheels: object, *, torch: bool = True) -> Path:
        """Make a virtual environment with some wheels; return its interpreter."""
        self.run(sys.executable, "-m", "venv", home, cwd=home.parent)
        wanted = [*wheels]  # type: ignore[call-overload]
        if torch:
            wanted.append(f"torch=={metadata.version('torch')}")
        settings = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
        self.run(home / "bin/pip", "install", "--quiet", *wanted, cwd=home.parent, **settings)
        return home / "bin/python"


def words_of(said: str) -> str:
    """Return the words of all utterances, from lines of JSON; others say nothing."""
    lines = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    return " ".join(one["text"] for one in lines if one.get("text"))
