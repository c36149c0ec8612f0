"""A bundle on this machine: a microphone or files of sound in, text out as it grows."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TextIO

from schatten.bundles import SCRIPT, read_search
from schatten.decode.sound import is_read_by_engine, write_sound
from schatten.errors import UserError

PARTIAL, COMPLAINT = "... ", "schatten-recognize: "
"""How lines of the engine begin that are not yet final, and those that are no text."""


@dataclass(frozen=True)
class Recognizer:
    """The engine with a model, as a command that takes options and files of sound."""

    command: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Extras:
    """What a listener may ask for besides the words of the bundle."""

    words: Path | None = None
    """A words file: words and phrases of the listener's own, beside those of the lexicon."""
    gate: bool = False
    """Whether silence and noise write nothing, by the bundle's thresholds or the usual ones."""

    def options(self) -> list[str]:
        """Return the engine's options. Errors: `UserError` for a words file that is missing."""
        if self.words is not None and not self.words.is_file():
            raise UserError(
                f"{self.words} does not exist: `schatten pronounce` writes a file of words"
            )
        words = [] if self.words is None else ["--words", str(self.words.absolute())]
        return [*words, *(["--gate"] if self.gate else [])]


@dataclass(frozen=True)
class Recorder:
    """A program that writes what a microphone hears: raw 16 kHz, mono, 16 bits."""

    name: str
    options: tuple[str, ...]
    device: str
    """Its option that names a microphone."""

    def command(self, microphone: str | None) -> list[str]:
        """Return its command; None: the microphone that the system takes by default."""
        chosen = [] if microphone is None else [self.device, microphone]
        return [self.name, *self.options, *chosen]


RECORDERS = (
    Recorder("arecord", ("-q", "-t", "raw", "-r", "16000", "-c", "1", "-f", "S16_LE"), "-D"),
    Recorder(
        "parec",
        # Without it PulseAudio gathers two seconds of sound before it gives any.
        ("--format=s16le", "--rate=16000", "--channels=1", "--latency-msec=50"),
        "-d",
    ),
)
"""ALSA's and PulseAudio's; the first that is installed is taken."""


def of_bundle(folder: Path, program: Path) -> Recognizer:
    """Return the recogniser of a bundle, as its own script runs it.

    Errors: `UserError` if the folder is no bundle, or the program is not built.
    """
    read_search(folder)
    environment = {"SCHATTEN_RECOGNIZE": str(_built(program))}
    return Recognizer((str((folder / SCRIPT).absolute()),), environment)


def of_model(model: Path, program: Path) -> Recognizer:
    """Return the recogniser of a model alone (.gguf): best paths, without a language model."""
    return Recognizer((str(_built(program)), str(model.absolute())))


def _built(program: Path) -> Path:
    if not program.is_file():
        raise UserError(f"{program} is not built: run scripts/build_engine.sh")
    return program.absolute()


def recognise_files(
    recognizer: Recognizer, files: Sequence[Path], extras: Extras = Extras()
) -> bool:
    """Print the words of files, each after its name, then the speed; tell whether all went well.

    They may have any form, rate and number of channels that can be read; the mean of the channels
    is heard. The engine reads WAV, FLAC and MP3 by itself. Errors: `UserError` for a file that
    cannot be read; nothing is recognised then.
    """
    with tempfile.TemporaryDirectory(prefix="schatten-") as name:
        # The engine prints the name that it is given, and the user's is shown in its place.
        shown, given = {}, []
        for number, file in enumerate(files):
            given.append(str(file.absolute()))
            if not is_read_by_engine(file):
                given[-1] = f"{number}.wav"
                write_sound(file, Path(name) / given[-1])
            shown[given[-1]] = str(file)
        with _engine(recognizer, extras.options(), given, Path(name)) as engine:
            assert engine.stdout is not None
            _show(engine.stdout, lambda text: _renamed(text, shown))
    return engine.returncode == 0


def listen(
    recognizer: Recognizer, microphone: str | None, silence: float, extras: Extras = Extras()
) -> bool:
    """Print what a microphone hears until Ctrl-C, an utterance a line, then the speed.

    `silence`: seconds after the last word that end an utterance. Where no program that records is
    installed, the engine opens the microphone itself, and says why it cannot. Errors: `UserError`
    if a program that records hears nothing.
    """
    recorder = next((one for one in RECORDERS if shutil.which(one.name)), None)
    options = ["--silence", f"{silence:g}", *extras.options()]
    if recorder is None:
        return _listen_by_engine(recognizer, microphone, options)
    # Ctrl-C goes to all three: the recorder ends, the engine prints what is left, and we wait.
    with (
        _interrupts() as interrupts,
        tempfile.TemporaryFile() as said,
        subprocess.Popen(
            recorder.command(microphone), stdout=subprocess.PIPE, stderr=said
        ) as recording,
    ):
        with _engine(recognizer, options, [], Path.cwd(), recording.stdout) as engine:
            assert engine.stdout is not None and recording.stdout is not None
            recording.stdout.close()  # or the recorder would outlive the engine
            _show(engine.stdout, lambda text: text)
        if engine.returncode != 0:
            recording.terminate()  # it may be waiting for sound, with nobody to hear it
        # A recorder warns while all is well (`overrun!!!`), so that its words alone say little.
        failed = recording.wait() != 0 and not interrupts and engine.returncode == 0
        said.seek(0)
        complaint = said.read().decode(errors="replace").strip() or "it gives no reason"
    if failed:
        raise UserError(
            f"{recorder.name} cannot record ({complaint.splitlines()[0]}): "
            "name a microphone with --microphone; `arecord -L` lists them"
        )
    return engine.returncode == 0


def _listen_by_engine(
    recognizer: Recognizer, microphone: str | None, options: Sequence[str]
) -> bool:
    mic = "--mic" if microphone is None else f"--mic={microphone}"
    with _interrupts(), _engine(recognizer, [mic, *options], [], Path.cwd()) as engine:
        assert engine.stdout is not None
        _show(engine.stdout, lambda text: text)
    return engine.returncode == 0


@contextmanager
def _interrupts() -> Iterator[list[int]]:
    """Let Ctrl-C end other programs alone; gives a list of the signals that came."""
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    try:
        yield came
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _engine(
    recognizer: Recognizer,
    options: Sequence[str],
    files: Sequence[str],
    folder: Path,
    sound: IO[bytes] | None = None,
) -> Iterator["subprocess.Popen[str]"]:
    """Run the engine; texts that are not yet final come too where a terminal shows them."""
    partial = ["--partial"] if sys.stdout.isatty() else []
    with subprocess.Popen(
        [*recognizer.command[:1], *partial, *options, *recognizer.command[1:], *files],
        cwd=folder,
        env={**os.environ, **recognizer.environment},
        stdin=sound or subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="surrogateescape",
    ) as process:
        yield process


def _renamed(text: str, shown: dict[str, str]) -> str:
    """Give the user's name of a file back to a line that begins with the engine's."""
    for copy, file in shown.items():
        if text == copy or text.startswith((f"{copy} ", f"{copy}:")):
            return f"{file}{text[len(copy) :]}"
    return text


def _show(lines: IO[str], renamed: Callable[[str], str]) -> None:
    """Print the engine's lines; one that is not yet final is replaced by the next."""
    growing = False
    for text in lines:
        line = text.rstrip("\n")
        if growing:
            _write(sys.stdout, "\r\x1b[K")
        growing = line.startswith(PARTIAL)
        if growing:
            _write(sys.stdout, _tail(line[len(PARTIAL) :]))
        elif line.startswith(COMPLAINT):
            where, what = line[: len(COMPLAINT)], line[len(COMPLAINT) :]
            _write(sys.stderr, f"{where}{renamed(what)}\n")
        else:
            _write(sys.stdout, f"{renamed(line)}\n")


def _tail(text: str) -> str:
    """Return the end of a text that fits one line of the terminal."""
    columns = shutil.get_terminal_size().columns - 1
    return text if len(text) <= columns else f"...{text[len(text) - columns + 3 :]}"


def _write(where: TextIO, text: str) -> None:
    where.write(text.encode(errors="replace").decode())  # a name may be no UTF-8
    where.flush()
