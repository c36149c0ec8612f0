"""What a stream writes where nobody speaks to it, and what the engine's gate does about that."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from schatten.decode.sound import SAMPLE_RATE, Sound, read_sounds, write_samples
from schatten.runtime.files import write_json, write_text
from schatten.score.alignment import align
from schatten.score.counts import Counts, count, write_counts
from schatten.score.paired import Difference, paired_difference
from schatten_bench.listening import SILENCE, Listener, Recording
from schatten_bench.unspoken import babble, first, noises

PAUSES = 5.0, 1.5
"""Seconds before and after an utterance with pauses."""
PAUSE_DECIBELS = -35.0
"""Level of the noise there, to that of the utterance."""
GRID = tuple(step / 50 for step in range(50))
"""Thresholds of the evidence that are tried on dev."""


@dataclass(frozen=True)
class Gate:
    """Thresholds of the engine's gate, as `schatten-recognize --help` explains them."""

    decibels: float
    evidence: float

    @property
    def options(self) -> list[str]:
        """The program's options."""
        return ["--gate-decibels", repr(self.decibels), "--gate-evidence", repr(self.evidence)]


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
class Compared:
    """A kind of sound, without and with the gate."""

    name: str
    without: Heard
    gated: Heard


@dataclass(frozen=True)
class Spoken(Compared):
    """Utterances, without and with the gate."""

    wer: float
    """Without the gate, in %."""
    loss: Difference
    """What the gate adds to it, in points; paired."""


@dataclass(frozen=True)
class Quiet:
    """Results of a bundle."""

    gate: Gate
    unwanted: list[Compared]
    spoken: list[Spoken]
    """The test split as it is, and with pauses around the utterances."""


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
    fitting = set(GRID)
    for recordings in (dev, [Paused(sound) for sound in dev]):
        allowed = _wer(_scores(dev, _texts(hear(listener, recordings)))) + most
        gated = hear(listener, recordings, "--gate-decibels", repr(decibels))
        for evidence in sorted(fitting):
            kept = [text if sure >= evidence else "" for [(text, sure)] in gated.texts]
            if _wer(_scores(dev, kept)) > allowed:
                fitting.discard(evidence)
    return Gate(decibels, max(fitting, default=0.0))


def measure(
    listener: Listener, gate: Gate, test: Sequence[Sound], noise: Path, hours: float
) -> Quiet:
    """Recognise noise, babble of the test split's speakers, and the test split itself.

    `noise`: a folder with `manifest.tsv` (see `unspoken.noises`). `hours`: of babble, and the most
    of noise. Errors: `UserError` where the engine fails or the folder holds no noise.
    """
    voices: list[Callable[[], np.ndarray]] = [one.samples for one in test]
    kinds = {
        "noise": list(first(noises(noise), hours)),
        "babble": list(babble(voices, 3600 * hours, seed=1)),
    }
    ends = ("--silence", repr(SILENCE))
    unwanted = [
        Compared(name, hear(listener, some, *ends), hear(listener, some, *ends, *gate.options))
        for name, some in kinds.items()
    ]
    paused = [Paused(sound) for sound in test]
    spoken = [
        _compare(name, test, hear(listener, some), hear(listener, some, *gate.options))
        for name, some in (("speech", test), ("speech with pauses", paused))
    ]
    return Quiet(gate, unwanted, spoken)


def _compare(name: str, references: Sequence[Sound], without: Heard, gated: Heard) -> Spoken:
    scores = [_scores(references, _texts(heard)) for heard in (without, gated)]
    with tempfile.TemporaryDirectory(prefix="schatten-") as folder:
        before, after = Path(folder) / "without.csv", Path(folder) / "gated.csv"
        write_counts(before, scores[0])
        write_counts(after, scores[1])
        loss = paired_difference(before, after)
    return Spoken(name, without, gated, _wer(scores[0]), loss)


def read_split(cuts: Path, audio: Path, most: int | None) -> list[Sound]:
    """Return at most `most` utterances of a split, spread over it; None: all."""
    sounds = read_sounds(cuts, audio)
    every = 1 if most is None else max(1, len(sounds) // most)
    return sounds[::every][:most]


def _texts(heard: Heard) -> list[str]:
    return [text for [(text, _)] in heard.texts]


def _scores(sounds: Sequence[Sound], texts: Sequence[str]) -> list[Counts]:
    pairs = zip(sounds, texts, strict=True)
    return [count(align(sound.utterance, text.split())) for sound, text in pairs]


def _wer(scores: Sequence[Counts]) -> float:
    return 100 * sum(one.errors for one in scores) / max(1, sum(one.words for one in scores))


def as_table(quiet: Quiet) -> str:
    """Return the results as a table of Markdown."""
    lines = [
        f"Gate: {quiet.gate.decibels:g} dB above the background, evidence {quiet.gate.evidence:g}.",
        "",
        "| sound | hours | words an hour without the gate | with it "
        "| frames that the acoustic model saves (%) |",
        "|---|---|---|---|---|",
    ]
    for one in (*quiet.unwanted, *quiet.spoken):
        words = [f"{heard.words_per_hour:.1f}" for heard in (one.without, one.gated)]
        saved = f"{100 * one.gated.share_asleep:.1f}"
        cells = [one.name, f"{one.without.seconds / 3600:.2f}", *words, saved]
        lines.append(f"| {' | '.join(cells)} |")
    lines += ["", "| sound | WER without the gate (%) | with it | difference (points) |"]
    lines.append("|---|---|---|---|")
    for spoken in quiet.spoken:
        points = spoken.loss.points
        low, high = spoken.loss.low, spoken.loss.high
        cells = [spoken.name, f"{spoken.wer:.2f}", f"{spoken.wer + points:.2f}"]
        lines.append(f"| {' | '.join(cells)} | {points:+.2f} [{low:+.2f}, {high:+.2f}] |")
    return "\n".join(lines) + "\n"


def write(quiet: Quiet, stem: Path) -> None:
    """Write the results as `stem`.md, and as numbers in `stem`.json."""
    write_text(stem.with_suffix(".md"), as_table(quiet))
    sounds = {
        one.name: {
            "hours": one.without.seconds / 3600,
            "words_per_hour_without": one.without.words_per_hour,
            "words_per_hour": one.gated.words_per_hour,
            "share_asleep": one.gated.share_asleep,
        }
        for one in (*quiet.unwanted, *quiet.spoken)
    }
    for spoken in quiet.spoken:
        sounds[spoken.name] |= {
            "wer_without": spoken.wer,
            "wer_loss": spoken.loss.points,
            "wer_loss_low": spoken.loss.low,
            "wer_loss_high": spoken.loss.high,
        }
    found = {
        "gate_decibels": quiet.gate.decibels,
        "gate_evidence": quiet.gate.evidence,
        "sounds": sounds,
    }
    write_json(stem.with_suffix(".json"), found)
