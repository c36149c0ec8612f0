"""A toy task: five words over four letters, a bigram written by hand, brute-force search."""

import gzip
import itertools
import json
import math
from pathlib import Path

import numpy as np

from schatten.decode.logprobs import BLANK, SPACE, LogProbs

UNITS = [BLANK, SPACE, "a", "b", "c"]
WORDS = ["a", "ab", "abb", "ba", "cab"]

UNIGRAMS = {  # word: (decimal log probability, decimal log back-off)
    "<unk>": (-9.0, 0.0),
    "<s>": (-99.0, -0.2),
    "</s>": (-0.8, 0.0),
    "a": (-0.6, -0.3),
    "ab": (-0.9, -0.1),
    "abb": (-1.5, 0.0),
    "ba": (-0.7, -0.4),
    "cab": (-1.9, 0.0),
}
BIGRAMS = {
    ("<s>", "ba"): -0.2,
    ("<s>", "ab"): -0.5,
    ("a", "ab"): -0.15,
    ("ab", "</s>"): -0.25,
    ("ba", "a"): -0.3,
}


def arpa_text() -> str:
    lines = ["\\data\\", f"ngram 1={len(UNIGRAMS)}", f"ngram 2={len(BIGRAMS)}", "", "\\1-grams:"]
    lines += [f"{score}\t{word}\t{backoff}" for word, (score, backoff) in UNIGRAMS.items()]
    lines += ["", "\\2-grams:"]
    lines += [f"{score}\t{' '.join(pair)}" for pair, score in BIGRAMS.items()]
    return "\n".join([*lines, "", "\\end\\", ""])


def lm_score(words: tuple[str, ...]) -> float:
    """Natural log probability of a sentence."""
    total, previous = 0.0, "<s>"
    for word in (*words, "</s>"):
        backed_off = UNIGRAMS[previous][1] + UNIGRAMS[word][0]
        total += BIGRAMS.get((previous, word), backed_off)
        previous = word
    return total * math.log(10.0)


def acoustic_scores(values: np.ndarray) -> dict[tuple[str, ...], float]:
    """Log probability of every word sequence, summed over all CTC paths one by one."""
    scores: dict[tuple[str, ...], float] = {}
    for path in itertools.product(range(len(UNITS)), repeat=len(values)):
        collapsed = [unit for unit, _ in itertools.groupby(path)]
        words = tuple("".join(UNITS[unit] for unit in collapsed if unit).split())
        score = float(sum(values[frame, unit] for frame, unit in enumerate(path)))
        scores[words] = np.logaddexp(scores.get(words, -math.inf), score)
    return scores


def random_values(generator: np.random.Generator, frames: int) -> np.ndarray:
    logits = generator.normal(scale=2.0, size=(frames, len(UNITS)))
    return (logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)).astype(np.float32)


def clear_values(text: str, confidence: float = 0.9) -> np.ndarray:
    """Log-probabilities that spell a text, every unit for two frames and then a blank."""
    units = [unit for letter in text for unit in (letter, letter, BLANK)]
    rest = math.log((1.0 - confidence) / (len(UNITS) - 1))
    values = np.full((len(units), len(UNITS)), rest, dtype=np.float32)
    values[range(len(units)), [UNITS.index(unit) for unit in units]] = math.log(confidence)
    return values


def log_probs(values: dict[str, np.ndarray]) -> LogProbs:
    return LogProbs(
        ids=list(values),
        lengths=np.array([len(each) for each in values.values()]),
        values=np.concatenate(list(values.values())),
        units=UNITS,
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
