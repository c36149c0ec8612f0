"""Decoding a split: an `.npz` of log-probabilities in, a file of words out, and how fast it was."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from schatten.decode.greedy import greedy_words
from schatten.decode.logprobs import Frames, LogProbs, read_logprobs
from schatten.decode.search import LexiconSearch
from schatten.decode.tune import read_weights
from schatten.recipe.decoding import Decoding
from schatten.transcripts import write_hypotheses


@dataclass(frozen=True)
class DecoderFiles:
    """What the beam search reads."""

    lm: Path
    lexicon: Path
    weights: Path


def greedy(logprobs: Path, output: Path) -> str:
    """Write the words of the best path; return the speed in one line."""
    split = read_logprobs(logprobs)
    return _write_words(split, lambda values: greedy_words(values, split.units), output)


def lexicon(logprobs: Path, files: DecoderFiles, settings: Decoding, output: Path) -> str:
    """Write the words of the beam search; return the speed in one line."""
    split = read_logprobs(logprobs)
    weights = read_weights(files.weights)
    search = LexiconSearch(files.lexicon, files.lm, split.units, settings)
    return _write_words(split, search.decoder(weights).words, output)


def _write_words(split: LogProbs, words: Callable[[Frames], list[str]], output: Path) -> str:
    start = time.perf_counter()
    hypotheses = {name: words(values) for name, values in split}
    seconds = time.perf_counter() - start
    write_hypotheses(output, hypotheses)
    return (
        f"{len(split)} utterances, {split.seconds:.1f} s of audio decoded in {seconds:.2f} s "
        f"({split.seconds / seconds:.0f} x real time, without the acoustic model)"
    )
