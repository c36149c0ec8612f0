"""Decoding a split: from an `.npz` of log-probabilities to a file of words and its speed."""

import time
from collections.abc import Callable
from pathlib import Path

from schatten.decode.files import GraphFiles, SearchFiles
from schatten.decode.greedy import greedy_words
from schatten.decode.logprobs import Frames, LogProbs, read_logprobs
from schatten.decode.weights import read_weights
from schatten.recipe.decoding import Decoding
from schatten.transcripts import write_hypotheses


def greedy(logprobs: Path, output: Path) -> str:
    """Write the words of the best path; return the speed in one line."""
    split = read_logprobs(logprobs)
    return _write_words(split, lambda values: greedy_words(values, split.units), output)


def beam(
    logprobs: Path,
    files: SearchFiles | GraphFiles,
    weights: Path,
    settings: Decoding,
    output: Path,
) -> str:
    """Write the words of a search with a language model; return the speed in one line."""
    split = read_logprobs(logprobs)
    chosen = read_weights(weights)
    search = files.search(split.units, settings)
    return _write_words(split, search.decoder(chosen).words, output)


def _write_words(split: LogProbs, words: Callable[[Frames], list[str]], output: Path) -> str:
    start = time.perf_counter()
    hypotheses = {name: words(values) for name, values in split}
    seconds = time.perf_counter() - start
    write_hypotheses(output, hypotheses)
    return (
        f"{len(split)} utterances, {split.seconds:.1f} s of audio decoded in {seconds:.2f} s "
        f"({split.seconds / seconds:.0f} x real time, without the acoustic model)"
    )
