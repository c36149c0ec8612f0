"""Drawn toy lexicons over units without a separator or with one, and every sentence's score.

The language model lists all n-grams up to its order, so that a short sentence has a history of its
own: no search then merges two sentences before their end. Its back-off weights are low, so that
backing off never scores a word better than its n-gram.
"""

import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from schatten.decode.weights import Weights
from schatten.units import BLANK, Units, characters

FRAMES = 5
ORDER = 5
PHONES = Units("phones", (BLANK, "AA", "B", "K"), None)
LETTERS = characters("abk")
GRAMS = Units("grams", (BLANK, " ", "a", "b", "ab", "aa", "aba"), " ")
WORDS = ("w", "x", "y")

Labels = tuple[int, ...]
Join = Callable[[float, float], float]


@dataclass(frozen=True)
class ToyWords:
    """Words, their spellings in labels, and a language model of all n-grams."""

    units: Units
    spellings: dict[str, list[Labels]]
    ngrams: dict[tuple[str, ...], float]
    """Decimal log-probabilities of all n-grams up to `ORDER`, `</s>` and `<s>` among the words."""

    def write(self, folder: Path) -> tuple[Path, Path]:
        """Write the lexicon and the ARPA file, and return their paths."""
        folder.mkdir(parents=True, exist_ok=True)
        lexicon, arpa = folder / "lexicon", folder / "lm.arpa"
        lines = [
            f"{word}\t{' '.join(self.units.names[label] for label in spelling)}\n"
            for word, spellings in self.spellings.items()
            for spelling in spellings
        ]
        lexicon.write_text("".join(lines))
        arpa.write_text(self._arpa())
        return lexicon, arpa

    def _arpa(self) -> str:
        orders = [
            {ngram: score for ngram, score in self.ngrams.items() if len(ngram) == order}
            for order in range(1, ORDER + 1)
        ]
        lines = ["\\data\\", *(f"ngram {n}={len(one)}" for n, one in enumerate(orders, start=1))]
        for n, one in enumerate(orders, start=1):
            lines += ["", f"\\{n}-grams:"]
            for ngram, score in one.items():
                ending = "\t-6" if n < ORDER and ngram[-1] not in ("</s>", "<unk>") else ""
                lines.append(f"{score:.4f}\t{' '.join(ngram)}{ending}")
        return "\n".join([*lines, "", "\\end\\", ""])

    def language(self, words: Sequence[str]) -> float:
        """Return the natural log-probability of a sentence."""
        said = ("<s>", *words, "</s>")
        ngrams = (said[max(0, end - ORDER) : end] for end in range(2, len(said) + 1))
        return math.log(10.0) * sum(round(self.ngrams[ngram], 4) for ngram in ngrams)

    @cached_property
    def sentences(self) -> dict[tuple[str, ...], list[Labels]]:
        """All sentences that fit into `FRAMES` frames, with every way to pronounce each."""
        found: dict[tuple[str, ...], list[Labels]] = {}
        for count in range(FRAMES + 1):
            for words in itertools.product(self.spellings, repeat=count):
                ways = itertools.product(*(self.spellings[word] for word in words))
                found[words] = [self._joined(way) for way in ways]
        return found

    def _joined(self, way: Sequence[Labels]) -> Labels:
        """Return a sentence's labels; separators between words stand there once."""
        between = () if self.units.separator is None else (self.units.separator_index,)
        joined: list[int] = []
        for number, spelling in enumerate(way):
            joined += [*(between if number else ()), *spelling]
        return tuple(joined)

    def scores(
        self, values: np.ndarray, weights: Weights, join: Join
    ) -> dict[tuple[str, ...], float]:
        """Return the score of every sentence, all its CTC paths joined one by one."""
        acoustic: dict[Labels, float] = {}
        rows = values.tolist()
        for path in itertools.product(range(len(self.units)), repeat=len(values)):
            labels = self._read(path)
            score = sum(frame[unit] for frame, unit in zip(rows, path, strict=True))
            acoustic[labels] = join(acoustic.get(labels, -math.inf), score)
        found = {}
        for words, ways in self.sentences.items():
            total = -math.inf
            for labels in ways:
                total = join(total, acoustic.get(labels, -math.inf))
            if total > -math.inf:
                language = weights.lm_weight * self.language(words)
                found[words] = total + language + weights.word_bonus * len(words)
        return found

    def _read(self, path: Sequence[int]) -> Labels:
        """Return the labels that a CTC path writes; separators part words, and else count not.

        A gram counts as its letters.
        """
        written = [label for label, _ in itertools.groupby(path) if label]
        labels = self.units.letters(written)
        if self.units.separator is None:
            return labels
        space = self.units.separator_index
        runs = itertools.groupby(labels, key=lambda label: label == space)
        return self._joined([tuple(run) for is_space, run in runs if not is_space])


def draw(random: np.random.Generator, units: Units) -> ToyWords:
    """Draw a toy: words with one or two short spellings, often alike or one beginning another."""
    labels = [
        label
        for label in range(1, len(units))
        if units.names[label] != units.separator and units.letters([label]) == (label,)
    ]
    spellings: dict[str, list[Labels]] = {}
    for word in WORDS:
        drawn = [
            tuple(int(label) for label in random.choice(labels, size=random.integers(1, 4)))
            for _ in range(random.integers(1, 3))
        ]
        spellings[word] = list(dict.fromkeys(drawn))
    ngrams = {("<unk>",): -9.0, **{ngram: random.uniform(-2, -0.2) for ngram in _all_ngrams()}}
    return ToyWords(units, spellings, {**ngrams, ("<s>",): -99.0})


def _all_ngrams() -> Iterator[tuple[str, ...]]:
    for order in range(1, ORDER + 1):
        for first in ("<s>", *WORDS):
            for between in itertools.product(WORDS, repeat=max(0, order - 2)):
                for last in (*WORDS, "</s>") if order > 1 else ("",):
                    yield (first, *between, last) if order > 1 else (first,)
    yield ("</s>",)


def draw_values(random: np.random.Generator, units: Units, frames: int = FRAMES) -> np.ndarray:
    """Draw (frames, units) log-probabilities."""
    logits = random.normal(scale=2.0, size=(frames, len(units)))
    return (logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)).astype(np.float32)
