"""The gate of a bundle: its thresholds of silence and noise, chosen on dev and kept in the bundle.

Decision 25 says what the gate does; `schatten_bench.quiet` measures it on noise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from schatten.artifacts import Gate
from schatten.bundles import LEXICON, LM, MANIFEST, MODEL, WITH_GATE, gate_options, read_manifest
from schatten.decode.sound import SAMPLE_RATE, Sound, read_sounds, write_samples
from schatten.device.listening import Listener, Recording
from schatten.errors import UserError
from schatten.runtime import seals
from schatten.score.alignment import align
from schatten.score.counts import Counts, count

USUAL_DECIBELS = 8.0
"""`SCHATTEN_GATE_DECIBELS` of schatten.h."""
PAUSES = 5.0, 1.5
"""Seconds before and after an utterance with pauses."""
PAUSE_DECIBELS = -35.0
"""Level of the noise there, to that of the utterance."""
GRID = tuple(step / 50 for step in range(50))
"""Thresholds of the evidence that are tried on dev."""


@dataclass(frozen=True)
class Heard:
    """What the engine made of some recordings."""

    texts: list[list[tuple[str, float]]]
    """Of each recording the utterances: text and evidence (0 without a gate)."""
    seconds: float
    """Seconds of sound."""
    asleep_seconds: float
    """Seconds of it for which the acoustic model slept."""

    @property
    def words_per_hour(self) -> float:
        """Words that were written in an hour of it."""
        words = sum(len(text.split()) for some in self.texts for text, _ in some)
        return 3600 * words / self.seconds

    @property
    def share_asleep(self) -> float:
        """The share of the sound for which the acoustic model slept: what it saves of its time.

        Frames are counted, not seconds of computing, so that a busy machine does not matter.
        """
        return self.asleep_seconds / self.seconds


def hear(listener: Listener, recordings: Sequence[Recording], *options: str) -> Heard:
    """Recognise recordings; errors: `UserError` where the engine fails."""
    found = listener.answers(recordings, *options)
    texts = [[(one["text"], one.get("evidence", 0.0)) for one in some] for some in found.utterances]
    return Heard(texts, found.seconds, found.asleep_seconds)


@dataclass(frozen=True)
class Paused:
    """An utterance after a long pause and before a short one, all in steady noise."""

    sound: Sound

    def write_wav(self, path: Path) -> None:
        """Write it as the engine reads it."""
        samples = self.sound.samples()
        parts = [np.zeros(round(pause * SAMPLE_RATE)) for pause in PAUSES]
        whole = np.concatenate([parts[0], samples, parts[1]])
        power = float(np.mean(np.square(samples)))
        deviation = np.sqrt(power) * 10 ** (PAUSE_DECIBELS / 20)
        noise = np.random.default_rng(len(samples)).normal(scale=deviation, size=len(whole))
        write_samples(whole + noise, path)


def choose(listener: Listener, dev: Sequence[Sound], decibels: float, most: float) -> Gate:
    """Return the gate with the highest threshold of the evidence that costs little on dev.

    `most`: points of WER that it may cost, of the utterances as they are and with pauses. Noise has
    no say, so that it can be measured on.
    """
    fitting, level = set(GRID), gate_options(Gate(decibels=decibels, evidence=0.0))
    for recordings in (dev, [Paused(sound) for sound in dev]):
        allowed = wer_of(scores_of(dev, texts_of(hear(listener, recordings)))) + most
        gated = hear(listener, recordings, *level)
        for evidence in sorted(fitting):
            kept = [text if sure >= evidence else "" for [(text, sure)] in gated.texts]
            if wer_of(scores_of(dev, kept)) > allowed:
                fitting.discard(evidence)
    return Gate(decibels=decibels, evidence=max(fitting, default=0.0))


def gate_with(
    listener: Listener,
    dev: Sequence[Sound],
    most: float,
    decibels: float | None,
    evidence: float | None,
) -> Gate:
    """Return the gate with given thresholds; one that is not given is usual, or chosen on dev."""
    level = USUAL_DECIBELS if decibels is None else decibels
    if evidence is None:
        return choose(listener, dev, level, most)
    return Gate(decibels=level, evidence=evidence)


def keep(folder: Path, gate: Gate) -> None:
    """Write thresholds into a bundle's manifest, in place of those that it has.

    Its other files, and what is recorded of them, stay. A package says with `SHA256SUMS` what its
    manifest is, and gets its thresholds from the bundle that it is made of. Errors: `UserError` if
    the folder is no bundle or a package.
    """
    if (folder / "bin").is_dir():
        raise UserError(
            f"{folder} is a package: choose the thresholds of its bundle, and pack it again"
        )
    manifest = read_manifest(folder)
    for name in (MODEL, LM, LEXICON):
        seals.reading(folder / name)
    changed = {"schatten_bundle": WITH_GATE, "gate": gate}
    with seals.renewed(folder):
        manifest.model_copy(update=changed).write(folder / MANIFEST)


def read_split(cuts: Path, audio: Path, most: int | None) -> list[Sound]:
    """Return at most `most` utterances of a split, spread over it; None: all."""
    sounds = read_sounds(cuts, audio)
    every = 1 if most is None else max(1, len(sounds) // most)
    return sounds[::every][:most]


def texts_of(heard: Heard) -> list[str]:
    """Return the text of each recording, which is one utterance."""
    return [text for [(text, _)] in heard.texts]


def scores_of(sounds: Sequence[Sound], texts: Sequence[str]) -> list[Counts]:
    """Return the errors of each utterance."""
    pairs = zip(sounds, texts, strict=True)
    return [count(align(sound.utterance, text.split())) for sound, text in pairs]


def wer_of(scores: Sequence[Counts]) -> float:
    """Return the word error rate, %."""
    return 100 * sum(one.errors for one in scores) / max(1, sum(one.words for one in scores))
