"""The score of a split: counts, rates, intervals, words out of the lexicon, speakers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from schatten.artifacts import Rates, Score
from schatten.recipe.results import Tables
from schatten.score.alignment import Aligned
from schatten.score.bootstrap import Ints, rate_interval
from schatten.score.counts import Counts, count
from schatten.score.unknown import Unknown


def summary(
    aligned: Sequence[Aligned], unknown: Unknown | None, tables: Tables, units: str | None = None
) -> Score:
    """Return the content of `NAME.score.json`; rates and intervals are in %.

    `unknown`: the words out of the lexicon, where there is one. `units`: what was aligned, if no
    words.
    """
    counts = [count(each) for each in aligned]
    of_units: dict[str, Any] = {} if units is None else {"units": units}
    return Score(
        **of_units,
        **_rates(counts),
        speakers=len({each.speaker for each in counts}),
        utterances_with_errors=sum(1 for each in counts if each.errors),
        confidence=tables.confidence,
        bootstrap_samples=tables.bootstrap_samples,
        **_intervals(counts, tables),
        out_of_lexicon=None if unknown is None else unknown.cost(),
        by_speaker={name: Rates(**_rates(theirs)) for name, theirs in _by_speaker(counts).items()},
    )


@dataclass(frozen=True)
class WordErrors:
    """Word errors of some utterances."""

    utterances: int
    speakers: int
    words: int
    wer: float
    """In %."""
    interval: tuple[float, float]
    """Of it: over speakers where several speak, and one more than once; else over utterances."""


def word_errors(counts: Sequence[Counts], tables: Tables) -> WordErrors:
    """Return the word errors of at least one utterance."""
    speakers = list(_by_speaker(counts).values())
    units = speakers if 1 < len(speakers) < len(counts) else [[each] for each in counts]
    low, high = _interval([_word_counts(each) for each in units], tables)
    errors, words = _word_counts(counts)
    return WordErrors(len(counts), len(speakers), words, _percent(errors, words), (low, high))


def _rates(counts: Sequence[Counts]) -> dict[str, Any]:
    """Return the fields of `Rates` for some utterances; rates are in % of words or characters."""
    words, chars = sum(each.words for each in counts), sum(each.chars for each in counts)
    kinds = {
        kind: sum(getattr(each, kind) for each in counts)
        for kind in ("substitutions", "deletions", "insertions")
    }
    char_errors = sum(each.char_errors for each in counts)
    return {
        "utterances": len(counts),
        "words": words,
        "chars": chars,
        "errors": sum(kinds.values()),
        "char_errors": char_errors,
        "wer": _percent(sum(kinds.values()), words),
        "cer": _percent(char_errors, chars),
        **kinds,
        **{f"{kind}_percent": _percent(value, words) for kind, value in kinds.items()},
    }


def _percent(errors: int, total: int) -> float:
    return round(100.0 * errors / max(total, 1), 4)


def _intervals(counts: Sequence[Counts], tables: Tables) -> dict[str, Any]:
    """Return intervals over utterances, and over speakers where they speak more than once."""
    speakers = list(_by_speaker(counts).values())
    by_speaker = None
    if 1 < len(speakers) < len(counts):
        by_speaker = _interval([_word_counts(theirs) for theirs in speakers], tables)
    return {
        "wer_interval": _interval([_word_counts([each]) for each in counts], tables),
        "cer_interval": _interval([(each.char_errors, each.chars) for each in counts], tables),
        "wer_interval_by_speaker": by_speaker,
    }


def _word_counts(counts: Sequence[Counts]) -> tuple[int, int]:
    return sum(each.errors for each in counts), sum(each.words for each in counts)


def _interval(units: Sequence[tuple[int, int]], tables: Tables) -> list[float]:
    """Return [low, high] in % for (errors, total) of each unit that is drawn."""
    values: Ints = np.array(units, dtype=np.int64)
    ends = rate_interval(values[:, 0], values[:, 1], tables.bootstrap_samples, tables.confidence)
    return [round(end, 4) for end in ends]


def _by_speaker(counts: Sequence[Counts]) -> dict[str, list[Counts]]:
    found: dict[str, list[Counts]] = {}
    for each in sorted(counts, key=lambda each: each.speaker):
        found.setdefault(each.speaker, []).append(each)
    return found
