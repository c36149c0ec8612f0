"""The engine's search over log-probabilities from elsewhere, by the program `decode_logprobs`.

It is the engine's search with a language model (arm/engine/search.cpp), without the acoustic model.
It serves to compare decoders on the same log-probabilities.
"""

import subprocess
from dataclasses import dataclass
from pathlib import Path

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

    def decode(self, split: LogProbs, weights: Weights) -> EngineWords:
        """Decode all utterances in one process.

        Errors: `UserError` if the program cannot be run or refuses its files.
        """
        settings = self.settings
        numbers = (
            weights.lm_weight,
            weights.word_bonus,
            settings.beam,
            settings.beam_threshold,
            settings.token_beam,
        )
        command = [self.program, self.lm, self.lexicon, self.look_ahead or "", *numbers]
        try:
            done = subprocess.run(
                list(map(str, command)), check=False, input=_packed(split), capture_output=True
            )
        except OSError as error:
            raise UserError(f"{self.program} cannot be run ({error}): build the engine") from None
        if done.returncode:
            raise UserError(done.stderr.decode().strip())
        *lines, costs = done.stdout.decode().splitlines()
        pairs = [line.split("\t") for line in lines]
        seconds, kilobytes = costs.split("\t")
        return EngineWords(
            {name: pair[1].split() for name, pair in zip(split.ids, pairs, strict=True)},
            {name: float(pair[0]) for name, pair in zip(split.ids, pairs, strict=True)},
            float(seconds),
            int(kilobytes) * 1024 / 1e6,
        )


def _packed(split: LogProbs) -> bytes:
    """Return log-probabilities as the program reads them."""
    units = split.units
    separator = 0 if units.separator is None else units.separator_index
    parts = [np.array([len(units), len(split), separator], np.int32).tobytes()]
    parts += [unit.encode() + b"\0" for unit in units.names]
    for _, values in split:
        parts += [np.int32(len(values)).tobytes(), values.tobytes()]
    return b"".join(parts)
