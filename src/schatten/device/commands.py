"""A bundle on recordings of commands, in noise of several levels."""

import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from schatten.artifacts import Acceptance, Manifest
from schatten.bundles import MANIFEST
from schatten.corpus.tsv import Places, read_rows
from schatten.decode.engine import recognise, speed
from schatten.decode.sound import read_mono, write_samples
from schatten.device.live import Recognizer
from schatten.errors import UserError
from schatten.grammar import Grammar
from schatten.grammar.slots import Command as Nearest
from schatten.grammar.slots import Parser
from schatten.recipe.commands import CommandRecordings
from schatten.runtime.file_names import found
from schatten.score.commands import Heard, Slots, accepted, interval
from schatten.transcripts import Utterance

CLEAN = "clean"
_FRAME = 2048
"""Samples of the frames whose loudest ones make the level, as in the benchmark's own script
(github.com/Picovoice/speech-to-intent-benchmark)."""
_COMMANDS = Places(
    {
        "id": ("utt_id", "id"),
        "path": ("path",),
        "slots": ("slots",),
        "speaker": ("speaker",),
        "split": ("split",),
    },
    optional=("speaker", "split"),
    filled=("id", "path", "slots"),
)
_TEXTS = Places({"id": ("utt_id", "id"), "text": ("text",)}, optional=(), filled=("id", "text"))
Samples = NDArray[np.floating]


@dataclass(frozen=True)
class Command:
    """A recording of a command, with noise if there is any."""

    utterance: Utterance
    """Its id with the level, its speaker, and the words that were said, if they are known."""
    file: Path
    slots: dict[str, str]
    level: str
    noise: "Noise | None" = None
    split: str | None = None

    def write_wav(self, path: Path) -> None:
        """Write its sound as the engine reads it."""
        samples = read_mono(self.file)
        if self.noise is not None:
            samples = self.noise.added(samples, self.utterance.id)
        write_samples(samples, path)


@dataclass(frozen=True)
class Noise:
    """Noise at a level below the speech, in dB."""

    file: Path
    snr: float

    @cached_property
    def samples(self) -> Samples:
        """The whole noise, 16 kHz."""
        return read_mono(self.file)

    def added(self, speech: Samples, name: str) -> Samples:
        """Return speech in noise from a place that depends on `name` alone.

        The loudest frame of the speech is `snr` dB above the loudest one of that noise.
        """
        noise = self.samples
        if len(noise) < len(speech):
            noise = np.tile(noise, -(-len(speech) // len(noise)))
        random = np.random.default_rng(zlib.crc32(name.encode()))
        start = int(random.integers(len(noise) - len(speech) + 1))
        part = noise[start : start + len(speech)]
        ratio = _loudest(speech) / max(_loudest(part) * 10 ** (self.snr / 10), 1e-20)
        return speech + part * np.sqrt(ratio)


def _loudest(samples: Samples) -> float:
    """Return the largest energy of a frame."""
    whole = samples[: max(_FRAME, len(samples) // _FRAME * _FRAME)]
    frames = whole.reshape(-1, _FRAME) if len(whole) % _FRAME == 0 else whole[None]
    return float((frames.astype(np.float64) ** 2).sum(axis=1).max())


def measure_bundle(
    recognizer: Recognizer,
    bundle: Path,
    grammar: Grammar,
    corpus_dir: Path,
    settings: CommandRecordings,
    jobs: int,
) -> tuple[Acceptance, str]:
    """Return the acceptance of a bundle on recordings by level of noise, and the speed in a line.

    Errors: `UserError` for wrong tables, and for recordings that cannot be read.
    """
    commands = list(read_commands(corpus_dir, settings))
    pairs = [f"{name}={value}" for name, value in recognizer.environment.items()]
    command = ["env", *pairs, *recognizer.command[:1], "--json", "--list", *recognizer.command[1:]]
    answers: dict[str, dict[str, Any]] = {}
    [words], totals = recognise(command, [commands], jobs, [answers])
    heard = [
        Heard(
            one.level,
            one.slots,
            words[one.utterance.id],
            one.utterance.words or None,
            _command_of(answers[one.utterance.id]),
            one.utterance.speaker,
        )
        for one in commands
    ]
    slots, size = Slots(Parser(grammar)), Manifest.read(bundle / MANIFEST).bytes
    found = _acceptance("recordings", heard, slots, size)
    if settings.apart is not None:
        some = [h for h, one in zip(heard, commands, strict=True) if one.split == settings.apart]
        if not some:
            raise UserError(
                f"{corpus_dir / settings.table} has no recording of the split {settings.apart!r}: "
                "correct commands.recordings.apart"
            )
        name = f"recordings of the split {settings.apart} alone"
        found = found.model_copy(update={"apart": _acceptance(name, some, slots, size)})
    return found, speed(len(commands), totals)


def _acceptance(speech: str, heard: Sequence[Heard], slots: Slots, size: int) -> Acceptance:
    """Return the acceptance of recordings that nothing was trained on."""
    return Acceptance(
        speech=speech,
        trained_on=False,
        speakers=len({one.speaker for one in heard}),
        levels=accepted(heard, slots),
        bytes=size,
        noise_interval=interval([one for one in heard if one.level != CLEAN], slots),
    )


def _command_of(answer: dict[str, Any]) -> Nearest | None:
    """Return the command that the engine found; None if the bundle has no network of commands."""
    found = answer.get("command")
    return None if found is None else Nearest(found["text"], found["slots"], found["edits"])


def read_commands(corpus_dir: Path, settings: CommandRecordings) -> Iterator[Command]:
    """Yield the recordings of a table, first clean, then at each level of noise.

    Errors: `UserError` for a wrong table.
    """
    table = found_in(corpus_dir, settings.table)
    texts = {}
    if settings.texts is not None:
        rows = read_rows(found_in(corpus_dir, settings.texts), _TEXTS)
        texts = {row["id"]: tuple(row["text"].lower().split()) for row in rows}
    clean = []
    for row in read_rows(table, _COMMANDS):
        utterance = Utterance(row["id"], row.get("speaker") or row["id"], texts.get(row["id"], ()))
        slots = _slots(row["slots"], f"{table}, {row['id']}")
        file, split = table.parent / row["path"], row.get("split")
        clean.append(Command(utterance, file, slots, CLEAN, split=split))
    if not clean:
        raise UserError(f"{table} names no recording: write a line for each")
    yield from clean
    if settings.noise is None:
        return
    for snr in settings.snr:
        noise = Noise(found_in(corpus_dir, settings.noise), snr)
        for one in clean:
            name = replace(one.utterance, id=f"{one.utterance.id}@{snr:g}")
            yield replace(one, utterance=name, noise=noise, level=f"{snr:g} dB")


def found_in(corpus_dir: Path, name: str) -> Path:
    """Return a file of the corpus folder. Errors: `UserError` if it is not there."""
    path: Path = found(corpus_dir, name)
    if not path.is_file():
        raise UserError(f"{path} does not exist: correct commands.recordings, or the folder")
    return path


def _slots(cell: str, where: str) -> dict[str, str]:
    try:
        value = json.loads(cell)
    except json.JSONDecodeError:
        value = None
    if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
        raise UserError(f'{where}: slots are no JSON object of texts: write {{"slot": "words"}}')
    return value


def levels_of(snrs: Sequence[float | None], bounds: Sequence[float]) -> list[str]:
    """Name the level of each utterance by its speech above its noise, in dB; None is clean."""
    names = [f"below {bound:g} dB" for bound in bounds]
    last = f"{bounds[-1]:g} dB and more" if bounds else "in noise"

    def name(snr: float | None) -> str:
        if snr is None:
            return CLEAN
        return next((n for n, bound in zip(names, bounds, strict=True) if snr < bound), last)

    return [name(snr) for snr in snrs]
