"""Decoding a split: from an `.npz` of log-probabilities to a file of words and its speed."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from schatten.decode.files import GraphFiles, SearchFiles
from schatten.decode.greedy import greedy_units, greedy_words
from schatten.decode.logprobs import Frames, LogProbs, read_logprobs
from schatten.decode.weights import read_weights
from schatten.recipe.decoding import Decoding
from schatten.transcripts import write_hypotheses
from schatten.units import Units


def greedy(logprobs: Path, output: Path) -> str:
    """Write the words of the best path; return the speed in one line."""
    split = read_logprobs(logprobs)
    split.units.require_words()
    return _write_best(split, greedy_words, output)


def best_units(logprobs: Path, output: Path) -> str:
    """Write the names of the units of the best path; return the speed in one line."""
    return _write_best(read_logprobs(logprobs), greedy_units, output)


def _write_best(split: LogProbs, read: Callable[[Frames, Units], list[str]], output: Path) -> str:
    start = time.perf_counter()
    words = {name: read(values, split.units) for name, values in split}
    return _write_words(split, words, time.perf_counter() - start, output)


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
    with files.opened(split, settings) as search:
        found = search.decode(chosen)
    return _write_words(split, found.words, found.seconds, output)


def _write_words(
    split: LogProbs, words: Mapping[str, list[str]], seconds: float, output: Path
) -> str:
    write_hypotheses(output, words)
    seconds = max(seconds, 1e-6)  # the engine's clock may not have moved on
    return (
        f"{len(split)} utterances, {split.seconds:.1f} s of audio decoded in {seconds:.2f} s "
        f"({split.seconds / seconds:.0f} x real time, without the acoustic model)"
    )
