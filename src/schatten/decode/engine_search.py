"""The engine's search over log-probabilities, by the program `decode_logprobs`.

It is the engine's search with a language model (arm/engine/search.cpp), without the acoustic model.
It decodes every column of a language model with a lexicon.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from schatten.decode.logprobs import LogProbs
from schatten.decode.weights import Weights
from schatten.errors import UserError
from schatten.recipe.decoding import Decoding


@dataclass(frozen=True)
class EngineWords:
    """Words and scores of a search, with its time and memory."""

    words: dict[str, list[str]]
    """Words by utterance."""
    scores: dict[str, float]
    """Scores by utterance, natural logs; minus infinity if no word fits."""
    seconds: float
    """CPU time of decoding alone."""
    megabytes: float
    """Memory of language model, lexicon and search (10^6 bytes)."""
    confidences: dict[str, list[list[float]]]
    """Of each utterance, for each temperature asked for, the confidence of each of its words."""
    alternatives: dict[str, list[tuple[float, list[str]]]]
    """Of each utterance the best texts with their scores, if one temperature was asked for."""


@dataclass(frozen=True)
class EngineSearch:
    """The search with its files."""

    program: Path
    """decode_logprobs."""
    lexicon: Path
    lm: Path
    settings: Decoding
    look_ahead: Path | None = None
    """A first-pass model; None: the unigrams of `lm`."""
    words: Path | None = None
    """A words file, whose words and phrases are searched beside the lexicon's."""

    def decode(self, split: LogProbs, weights: Weights) -> EngineWords:
        """Decode all utterances once.

        Errors: `UserError` if the program cannot be run or refuses its files.
        """
        with self.opened(split) as running:
            return running.decode(weights)

    @contextmanager
    def opened(self, split: LogProbs) -> Iterator["RunningSearch"]:
        """Load the files and all utterances into one process, which decodes with any weights.

        Errors: `UserError` if the program cannot be run or refuses its files.
        """
        command = [str(self.program), str(self.lm), str(self.lexicon), str(self.look_ahead or "")]
        command += [] if self.words is None else [str(self.words)]
        with tempfile.TemporaryFile() as complaints:
            try:
                process = subprocess.Popen(
                    command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints
                )
            except OSError as error:
                raise UserError(
                    f"{self.program} cannot be run ({error}): "
                    "build the engine with scripts/build_engine.sh"
                ) from None
            with process:
                running = RunningSearch(process, complaints, split.ids, self.settings)
                try:
                    running.write(_packed(split))
                    yield running
                    complaints.seek(0)
                    for line in complaints.read().decode(errors="replace").splitlines():
                        print(f"schatten: {line}", file=sys.stderr)
                finally:
                    running.close()


class RunningSearch:
    """The program with its files and utterances loaded."""

    def __init__(
        self,
        process: "subprocess.Popen[bytes]",
        complaints: IO[bytes],
        ids: list[str],
        settings: Decoding,
    ) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process, self._complaints = process, complaints
        self._given, self._answers = process.stdin, process.stdout
        self._ids, self._settings = ids, settings

    def write(self, content: bytes) -> None:
        """Write to the program; if it has ended, reading its answer says why."""
        with suppress(BrokenPipeError):
            self._given.write(content)
            self._given.flush()

    def decode(
        self, weights: Weights, beam: int | None = None, temperatures: Sequence[float] = ()
    ) -> EngineWords:
        """Decode all utterances, with another beam than the recipe's if given.

        `temperatures`: for each, words get their confidences. No word depends on them.

        Errors: `UserError` if the program refuses its files or ends early.
        """
        settings = self._settings
        numbers = (
            weights.lm_weight,
            weights.word_bonus,
            beam or settings.beam,
            settings.beam_threshold,
            settings.token_beam,
            *temperatures,
        )
        self.write((" ".join(map(str, numbers)) + "\n").encode())
        answers = {name: self._answer() for name in self._ids}
        seconds, kilobytes = self._answer()
        end = 2 + len(temperatures)
        return EngineWords(
            {name: answer[1].split() for name, answer in answers.items()},
            {name: float(answer[0]) for name, answer in answers.items()},
            float(seconds),
            int(kilobytes) * 1024 / 1e6,
            {name: [_numbers(part) for part in answer[2:end]] for name, answer in answers.items()},
            {name: [_scored(part) for part in answer[end:]] for name, answer in answers.items()},
        )

    def close(self) -> None:
        """End the input, which ends the program."""
        with suppress(BrokenPipeError):
            self._given.close()

    def _answer(self) -> list[str]:
        line = self._answers.readline().decode()
        if line.endswith("\n"):
            return line.rstrip("\n").split("\t")
        status = self._process.wait()
        self._complaints.seek(0)
        said = self._complaints.read().decode(errors="replace").strip()
        raise UserError(said or f"the engine's search ended early, with status {status}")


def _numbers(text: str) -> list[float]:
    return [float(number) for number in text.split()]


def _scored(text: str) -> tuple[float, list[str]]:
    score, *words = text.split()
    return float(score), words


def _packed(split: LogProbs) -> bytes:
    """Return log-probabilities as the program reads them."""
    units = split.units
    separator = 0 if units.separator is None else units.separator_index
    parts = [np.array([len(units), len(split), separator], np.int32).tobytes()]
    parts += [name.encode() + b"\0" for name in (units.kind, *units.names)]
    for _, values in split:
        parts += [np.int32(len(values)).tobytes(), values.tobytes()]
    return b"".join(parts)
