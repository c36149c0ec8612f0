"""A toy task: five words over four letters, a bigram written by hand, brute-force search."""

import gzip
import itertools
import json
import math
from collections.abc import Callable
from pathlib import Path

import numpy as np

from schatten.decode.logprobs import LogProbs
from schatten.units import BLANK, Units, characters

UNITS = characters("abc")
WORDS = ["a", "ab", "abb", "ba", "cab"]
RECIPE = """
title: Toy
corpus: {source: tsv}
models: {lstm: {type: lstm, lstm: [8]}}
trainings: {default: {epochs: 1, batch_seconds: 10, learning_rate: 0.001}}
systems: {dense: {model: lstm}}
language_models: {bigram: {order: 2}}
text: {alphabet: abc}
"""
"""A recipe whose units the toys are made of, without `decoding`."""

Unigrams = dict[str, tuple[float, float]]
Bigrams = dict[tuple[str, str], float]

UNIGRAMS: Unigrams = {  # word: (decimal log probability, decimal log back-off)
    "<unk>": (-9.0, 0.0),
    "<s>": (-99.0, -0.2),
    "</s>": (-0.8, 0.0),
    "a": (-0.6, -0.3),
    "ab": (-0.9, -0.1),
    "abb": (-1.5, 0.0),
    "ba": (-0.7, -0.4),
    "cab": (-1.9, 0.0),
}
BIGRAMS: Bigrams = {
    ("<s>", "ba"): -0.2,
    ("<s>", "ab"): -0.5,
    ("a", "ab"): -0.15,
    ("ab", "</s>"): -0.25,
    ("ba", "a"): -0.3,
}


CHARACTER_UNIGRAMS: Unigrams = {
    "<unk>": (-9.0, 0.0),
    "<s>": (-99.0, -0.1),
    "</s>": (-1.1, 0.0),
    "<space>": (-0.5, -0.2),
    "a": (-0.4, -0.3),
    "b": (-0.7, -0.2),
    "c": (-1.2, 0.0),
}
CHARACTER_BIGRAMS: Bigrams = {
    ("<s>", "b"): -0.3,
    ("b", "a"): -0.2,
    ("a", "<space>"): -0.3,
    ("<space>", "</s>"): -0.4,
    ("<space>", "<space>"): -2.5,
}


def arpa_text() -> str:
    return _arpa_text(UNIGRAMS, BIGRAMS)


def character_arpa_text() -> str:
    return _arpa_text(CHARACTER_UNIGRAMS, CHARACTER_BIGRAMS)


def _arpa_text(unigrams: Unigrams, bigrams: Bigrams) -> str:
    lines = ["\\data\\", f"ngram 1={len(unigrams)}", f"ngram 2={len(bigrams)}", "", "\\1-grams:"]
    lines += [f"{score}\t{word}\t{backoff}" for word, (score, backoff) in unigrams.items()]
    lines += ["", "\\2-grams:"]
    lines += [f"{score}\t{' '.join(pair)}" for pair, score in bigrams.items()]
    return "\n".join([*lines, "", "\\end\\", ""])


def lm_score(words: tuple[str, ...]) -> float:
    """Natural log probability of a sentence."""
    return _lm_score(words, UNIGRAMS, BIGRAMS)


def character_lm_score(characters: tuple[str, ...]) -> float:
    """Natural log probability of a sentence's characters, a space as `<space>`."""
    return _lm_score(characters, CHARACTER_UNIGRAMS, CHARACTER_BIGRAMS)


def _lm_score(tokens: tuple[str, ...], unigrams: Unigrams, bigrams: Bigrams) -> float:
    total, previous = 0.0, "<s>"
    for token in (*tokens, "</s>"):
        backed_off = unigrams[previous][1] + unigrams[token][0]
        total += bigrams.get((previous, token), backed_off)
        previous = token
    return total * math.log(10.0)


def acoustic_scores(
    values: np.ndarray, join: Callable[[float, float], float] = np.logaddexp
) -> dict[tuple[str, ...], float]:
    """Log probability of every word sequence, summed (or joined) over all CTC paths one by one."""
    scores: dict[tuple[str, ...], float] = {}
    for path in itertools.product(range(len(UNITS)), repeat=len(values)):
        collapsed = [unit for unit, _ in itertools.groupby(path)]
        words = tuple("".join(UNITS.names[unit] for unit in collapsed if unit).split())
        score = float(sum(values[frame, unit] for frame, unit in enumerate(path)))
        scores[words] = join(scores.get(words, -math.inf), score)
    return scores


def random_values(generator: np.random.Generator, frames: int) -> np.ndarray:
    logits = generator.normal(scale=2.0, size=(frames, len(UNITS)))
    return (logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)).astype(np.float32)


def clear_values(text: str, confidence: float = 0.9) -> np.ndarray:
    """Log-probabilities that spell a text, every unit for two frames and then a blank."""
    units = [unit for letter in text for unit in (letter, letter, BLANK)]
    rest = math.log((1.0 - confidence) / (len(UNITS) - 1))
    values = np.full((len(units), len(UNITS)), rest, dtype=np.float32)
    values[range(len(units)), [UNITS.index[unit] for unit in units]] = math.log(confidence)
    return values


def log_probs(values: dict[str, np.ndarray], units: Units = UNITS) -> LogProbs:
    return LogProbs(
        ids=list(values),
        lengths=np.array([len(each) for each in values.values()]),
        values=np.concatenate(list(values.values())),
        units=units,
        seconds_per_frame=0.04,
    )


def write_cuts(path: Path, texts: dict[str, str]) -> Path:
    lines = [
        json.dumps({"id": f"{name}-cut", "supervisions": [supervision(name, text)]})
        for name, text in texts.items()
    ]
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    return path


def supervision(name: str, text: str) -> dict[str, str]:
    return {"id": name, "speaker": name[:2], "text": text}
