"""What a stream writes where nobody speaks to it, and what the engine's gate does about that."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from schatten.artifacts import Gate
from schatten.bundles import gate_options
from schatten.decode.sound import Sound
from schatten.device.gate import Heard, Paused, hear, scores_of, texts_of, wer_of
from schatten.device.listening import SILENCE, Listener
from schatten.runtime.files import write_json, write_text
from schatten.score.counts import write_counts
from schatten.score.paired import Difference, paired_difference
from schatten_bench.unspoken import babble, first, noises


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
    ends, options = ("--silence", repr(SILENCE)), gate_options(gate)
    unwanted = [
        Compared(name, hear(listener, some, *ends), hear(listener, some, *ends, *options))
        for name, some in kinds.items()
    ]
    paused = [Paused(sound) for sound in test]
    spoken = [
        _compare(name, test, hear(listener, some), hear(listener, some, *options))
        for name, some in (("speech", test), ("speech with pauses", paused))
    ]
    return Quiet(gate, unwanted, spoken)


def _compare(name: str, references: Sequence[Sound], without: Heard, gated: Heard) -> Spoken:
    scores = [scores_of(references, texts_of(heard)) for heard in (without, gated)]
    with tempfile.TemporaryDirectory(prefix="schatten-") as folder:
        before, after = Path(folder) / "without.csv", Path(folder) / "gated.csv"
        write_counts(before, scores[0])
        write_counts(after, scores[1])
        loss = paired_difference(before, after)
    return Spoken(name, without, gated, wer_of(scores[0]), loss)


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
