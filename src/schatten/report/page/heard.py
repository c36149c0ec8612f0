"""What models heard: every utterance of a test split beside its transcript, errors alone."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schatten.recipe.chain import Node
from schatten.recipe.layout import compared_columns
from schatten.recipe.rates import writes_words
from schatten.report.collect import Experiment
from schatten.report.page.points import GREEDY
from schatten.runtime.files import read_jsonl
from schatten.score.alignment import Aligned
from schatten.score.run import aligned_files
from schatten.transcripts import read_conditions, says_noise
from schatten.units.spelled import SpelledUnits

Pair = str | tuple[str, str]
"""A word that was heard as it was said, or what was said and heard; "" where one has no word."""


@dataclass(frozen=True)
class Listener:
    """A model in one precision, with its errors on a split."""

    model: str
    """The node's path."""
    precision: str
    lm: str
    errors: dict[int, list[Pair]]
    """Alignments of the utterances that were misheard, by place in the split."""


@dataclass(frozen=True)
class Utterance:
    """An utterance of a test split."""

    id: str
    speaker: str
    seconds: float
    words: int
    text: str
    corpus: str | None
    """Part of a corpus of several parts; None: the corpus is one."""
    noise: str | None = None
    """Kind of noise that was added; `none`; None: the corpus does not say."""
    snr: float | None = None
    """Level of the speech above it in dB; None where there is none, or the corpus does not say."""
    room: bool | None = None
    """Whether a room's reverberation was added; None: the corpus does not say."""


@dataclass(frozen=True)
class Heard:
    """A split, and what each model heard in it."""

    split: str
    utterances: list[Utterance]
    listeners: list[Listener]

    def errors_of(self, place: int) -> int:
        """Return the errors of all models together in an utterance."""
        pairs = (pair for one in self.listeners for pair in one.errors.get(place, ()))
        return sum(1 for pair in pairs if not isinstance(pair, str))


def heard(experiment: Experiment, split: str) -> Heard:
    """Align what every model of the tables heard in a split, with the main language model."""
    cuts = experiment.layout.cuts(split)
    listeners, utterances = [], None
    for model in experiment.models:
        for decoder, lm, precision in compared_columns(experiment.recipe, model.node):
            found = _aligned(experiment, model.node, (decoder, lm, precision), split)
            utterances = utterances or _utterances(found, cuts)
            listeners.append(Listener(model.node.path, precision, lm, _errors(found)))
    return Heard(split, utterances or [], listeners)


def _aligned(
    experiment: Experiment, node: Node, column: tuple[str, str, str], split: str
) -> list[Aligned]:
    recipe, layout = experiment.recipe, experiment.layout
    decoder, lm, precision = column
    writes_units = lm == GREEDY and not writes_words(recipe, node.units)
    return aligned_files(
        layout.hypotheses(node, decoder, lm, split, precision),
        layout.cuts(split),
        SpelledUnits.read(layout.units(node.units)) if writes_units else None,
        of_characters=recipe.text.words == "characters",
    )


def _errors(found: list[Aligned]) -> dict[int, list[Pair]]:
    return {
        place: [said if said == was_heard else (said, was_heard) for said, was_heard in one.pairs]
        for place, one in enumerate(found)
        if one.errors
    }


def _utterances(found: list[Aligned], cuts: Path) -> list[Utterance]:
    rows = {row["supervisions"][0]["id"]: row for row in read_jsonl(cuts)}
    conditions = _conditions(cuts)
    return [
        Utterance(
            one.reference.id,
            one.reference.speaker,
            round(float(rows[one.reference.id]["duration"]), 2),
            one.words,
            " ".join(one.reference.words),
            (rows[one.reference.id].get("custom") or {}).get("corpus"),
            **conditions.get(one.reference.id, {}),
        )
        for one in found
    ]


def _conditions(cuts: Path) -> dict[str, dict[str, Any]]:
    """Return noise, SNR and room by utterance, of speech that the corpus step made.

    Recordings have none: nothing says how noisy they are, and nothing is estimated.
    """
    rows = read_conditions(cuts)
    return {name: _condition(row) for name, row in rows.items() if says_noise(row)}


def _condition(row: dict[str, Any]) -> dict[str, Any]:
    noise, snr = row.get("noise"), None
    if noise is not None:
        noise, snr = noise["kind"], round(noise["snr"], 1)
    return {"noise": noise or "none", "snr": snr, "room": row.get("room") is not None}
