"""Decoding splits with the engine: sound in, words out, one process of the engine for each job.

The engine reads 16 kHz WAV files. Each utterance is converted to one, which the process's next
utterance replaces.
"""

import json
import subprocess
import tempfile
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from schatten.artifacts import Weights
from schatten.decode.confidence import reliability_of
from schatten.decode.sound import Sound, read_sounds
from schatten.decode.weights import read_weights
from schatten.errors import UserError
from schatten.recipe.decoding import Decoding
from schatten.recipe.layout import reliability_beside
from schatten.transcripts import Utterance, write_hypotheses


@dataclass(frozen=True)
class Language:
    """Files of a search with a language model."""

    lm: Path
    lexicon: Path
    weights: Path
    """Weights that `tune` wrote."""

    @property
    def temperature(self) -> float:
        """What scores are divided by in confidences, as `tune` chose it; else 1."""
        return Weights.read_tuned(self.weights).temperature or 1.0


Answer = dict[str, Any]
"""What the engine says of an utterance."""


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

    def decode(self, splits: Sequence[tuple[Path, Path]], audio: Path | None, jobs: int = 1) -> str:
        """Write the words of some splits, pairs of cuts and output; return the speed in a line.

        Audio paths in cuts are relative to the folder `audio`, or to that of the cuts. `jobs`
        processes of the engine share the utterances; no word depends on their number. Errors:
        `UserError` if the engine cannot be run or refuses its files; nothing is written then.

        With a language model, how reliable the confidences of words are goes beside the words
        (`NAME.reliability.json`), unless there is no word.
        """
        sounds = [read_sounds(cuts, audio or cuts.parent) for cuts, _ in splits]
        answers: list[dict[str, Answer]] = [{} for _ in splits]
        found, totals = recognise(self.command, sounds, jobs, answers)
        for (_, output), words in zip(splits, found, strict=True):
            write_hypotheses(output, words)
        if self.language is not None:
            outputs = [output for _, output in splits]
            self._write_reliability(outputs, sounds, answers, self.language.temperature)
        return speed(sum(map(len, found)), totals)

    @staticmethod
    def _write_reliability(
        outputs: Sequence[Path],
        sounds: Sequence[Sequence[Sound]],
        answers: Sequence[Mapping[str, Answer]],
        temperature: float,
    ) -> None:
        for output, some, said in zip(outputs, sounds, answers, strict=True):
            pairs = [(one.utterance, said[one.utterance.id]) for one in some]
            found = reliability_of(pairs, temperature)
            path = reliability_beside(output)
            if found is None:
                path.unlink(missing_ok=True)
            else:
                found.write(path)

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
            # One alternative is enough for confidences, and neither option changes a word.
            command += ["--alternatives", 1, "--temperature", self.language.temperature]
        return [str(word) for word in [*command, self.model]]


class Spoken(Protocol):
    """An utterance whose sound can be had."""

    @property
    def utterance(self) -> Utterance:
        """Its id, unique in its split, speaker and words."""

    def write_wav(self, path: Path) -> None:
        """Write its sound as the engine reads it."""


def recognise(
    command: Sequence[str],
    splits: Sequence[Sequence[Spoken]],
    jobs: int,
    answers: Sequence[dict[str, Answer]] | None = None,
) -> tuple[list[dict[str, list[str]]], list[dict[str, Any]]]:
    """Return the words of each split by utterance, and the totals of each process.

    `answers`: one for each split, takes all that the engine says of each utterance.

    `command` recognises the WAV files named on its standard input and says what it finds as JSON;
    `jobs` processes of it share the utterances. Errors: `UserError` if it cannot be run or refuses
    its files, or if sound cannot be read.
    """
    with tempfile.TemporaryDirectory(prefix="schatten-") as folder:
        work = _Work([(number, one) for number, some in enumerate(splits) for one in some])
        wavs = [Path(folder) / f"utterance{number}.wav" for number in range(jobs)]
        with ThreadPoolExecutor(jobs) as pool:
            totals = list(pool.map(lambda wav: _share(command, work, wav), wavs))
    if answers is not None:
        for (number, name), answer in work.answers.items():
            answers[number][name] = answer
    found = [
        {one.utterance.id: work.answers[number, one.utterance.id]["text"].split() for one in some}
        for number, some in enumerate(splits)
    ]
    return found, totals


Ask = Callable[[Path | None], dict[str, Any]]
"""Gives the engine a WAV file and returns what it says; None ends it and returns its totals."""


class _Work:
    """Utterances that wait for a process, each taken once, and what was said of the others."""

    def __init__(self, sounds: Sequence[tuple[int, Spoken]]) -> None:
        self.waiting = deque(sounds)
        """Number of the split, and sound."""
        self.answers: dict[tuple[int, str], dict[str, Any]] = {}
        """The engine's answers by number of the split and utterance."""

    def __iter__(self) -> Iterator[tuple[int, Spoken]]:
        with suppress(IndexError):  # a deque may be shared by threads
            while True:
                yield self.waiting.popleft()


def _share(command: Sequence[str], work: _Work, wav: Path) -> dict[str, Any]:
    """Recognise utterances in one process until none is left; return its totals."""
    try:
        with _running(command) as ask:
            for number, sound in work:
                sound.write_wav(wav)
                work.answers[number, sound.utterance.id] = ask(wav)
            return ask(None)
    except BaseException:
        work.waiting.clear()  # the other processes stop too
        raise


def speed(utterances: int, processes: Sequence[dict[str, Any]]) -> str:
    """Return the speed in a line, and the memory of the largest process."""
    audio = sum(one["audio_seconds"] for one in processes)
    computing = sum(one["compute_seconds"] for one in processes)

    def mean(name: str, weight: str) -> float:
        total = sum(one[weight] for one in processes)
        return float(sum(one[name] * one[weight] for one in processes) / max(total, 1e-9))

    return (
        f"{utterances} utterances, {audio:.1f} s of audio, "
        f"RTF {computing / max(audio, 1e-9):.5f}, "
        f"acoustic model {mean('acoustic_share', 'compute_seconds'):.3f} of the time, "
        f"first text {mean('first_seconds', 'utterances'):.3f} s after its word began, final text "
        f"{1000 * mean('final_seconds', 'utterances'):.2f} ms after the last sample (means), "
        f"peak memory {max(one['peak_megabytes'] for one in processes):.1f} MB"
    )


@contextmanager
def _running(command: Sequence[str]) -> Iterator[Ask]:
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
