"""Decoding a split with the engine: sound in, words out, one process for the whole split.

The engine reads 16 kHz WAV files. Each utterance is converted to one, which is removed as soon as
its words are there.
"""

import json
import subprocess
import tempfile
import wave
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from lhotse import CutSet
from lhotse.cut import Cut

from schatten.decode.weights import read_weights
from schatten.errors import UserError
from schatten.features.store import read_cuts
from schatten.recipe.decoding import Decoding
from schatten.transcripts import write_hypotheses

SAMPLE_RATE = 16000
_FULL_SCALE = 32768


@dataclass(frozen=True)
class Language:
    """Files of a search with a language model."""

    lm: Path
    lexicon: Path
    weights: Path
    """Weights that `tune` wrote."""


@dataclass(frozen=True)
class Engine:
    """The program, its model and its search."""

    program: Path
    """schatten-recognize, built for this machine."""
    model: Path
    """Model that `schatten export` wrote."""
    settings: Decoding
    language: Language | None = None
    """None for greedy decoding."""

    def decode(self, cuts: Path, audio: Path, output: Path) -> str:
        """Write the words of a split; return the speed in a line.

        Audio paths in `cuts` are relative to the folder `audio`. Errors: `UserError` if the engine
        cannot be run or refuses its files.
        """
        utterances = read_cuts(cuts).with_recording_path_prefix(audio)
        scratch = tempfile.TemporaryDirectory(prefix="schatten-")
        with scratch as folder, _running(self.command) as ask:
            words = dict(_recognised(utterances, ask, Path(folder) / "utterance.wav"))
            totals = ask(None)
        write_hypotheses(output, words)
        return (
            f"{len(words)} utterances, {totals['audio_seconds']:.1f} s of audio, "
            f"RTF {totals['rtf']:.5f}, acoustic model {totals['acoustic_share']:.3f} of the time, "
            f"first text {totals['first_seconds']:.3f} s after its word began, final text "
            f"{1000 * totals['final_seconds']:.2f} ms after the last sample (means), "
            f"peak memory {totals['peak_megabytes']:.1f} MB"
        )

    @property
    def command(self) -> list[str]:
        """The command that recognises the WAV files named on its standard input."""
        command: list[object] = [self.program, "--json", "--list"]
        if self.language is not None:
            weights, settings = read_weights(self.language.weights), self.settings
            command += ["--lm", self.language.lm, "--lexicon", self.language.lexicon]
            command += ["--lm-weight", weights.lm_weight, "--word-bonus", weights.word_bonus]
            command += ["--beam", settings.beam, "--beam-threshold", settings.beam_threshold]
            command += ["--token-beam", settings.token_beam]
        return [str(word) for word in [*command, self.model]]


Ask = Callable[[Path | None], dict[str, Any]]
"""Gives the engine a WAV file and returns what it says; None ends it and returns its totals."""


def _recognised(utterances: CutSet, ask: Ask, wav: Path) -> Iterator[tuple[str, list[str]]]:
    for cut in utterances:
        write_wav(cut, wav)
        yield cut.supervisions[0].id, ask(wav)["text"].split()


def write_wav(cut: Cut, path: Path) -> None:
    """Write an utterance as the engine reads it: 16 kHz, mono, 16 bits."""
    samples = cut.resample(SAMPLE_RATE).load_audio()[0]
    whole = np.rint(samples * _FULL_SCALE).clip(-_FULL_SCALE, _FULL_SCALE - 1)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE)
        file.writeframes(whole.astype("<i2").tobytes())


def write_sample(cuts: Path, audio: Path, count: int, folder: Path) -> dict[str, Path]:
    """Write `count` utterances, spread over a split, as WAV files; return them by utterance.

    Audio paths in `cuts` are relative to the folder `audio`.
    """
    utterances = list(read_cuts(cuts))
    every = max(1, len(utterances) // count)
    chosen = CutSet.from_cuts(utterances[::every][:count]).with_recording_path_prefix(audio)
    found = {}
    for number, cut in enumerate(chosen):
        found[cut.supervisions[0].id] = folder / f"{number}.wav"
        write_wav(cut, folder / f"{number}.wav")
    return found


@contextmanager
def _running(command: list[str]) -> Iterator[Ask]:
    """Run the engine, and ask it one file after the other."""
    with tempfile.TemporaryFile() as complaints:
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=complaints,
                text=True,
            )
        except OSError as error:
            raise UserError(f"{command[0]} cannot be run ({error}): build the engine") from None
        assert process.stdin is not None
        assert process.stdout is not None
        given, answers = process.stdin, process.stdout

        def ask(path: Path | None) -> dict[str, Any]:
            try:
                if path is None:
                    given.close()
                else:
                    given.write(f"{path}\n")
                    given.flush()
            except BrokenPipeError:
                pass  # it has ended, and its message is read below
            line = answers.readline()
            if not line:
                process.wait()
                complaints.seek(0)
                raise UserError(complaints.read().decode().strip() or f"{command[0]} ended early")
            answer: dict[str, Any] = json.loads(line)
            if "error" in answer:
                raise UserError(answer["error"])
            return answer

        with process:
            try:
                yield ask
            finally:  # flushes what an engine that has ended will not read
                with suppress(BrokenPipeError):
                    given.close()
