"""The data sheet of the corpus: sizes, speakers, vocabulary, and what splits have in common."""

from collections import Counter
from dataclasses import dataclass

from schatten.artifacts import Validation, read
from schatten.report.collect import Experiment
from schatten.transcripts import read_references


@dataclass(frozen=True)
class SplitSheet:
    """A split: its size, and what it shares with the training split."""

    name: str
    utterances: int
    hours: float
    words: int
    speakers: int
    vocabulary: int
    """Different words."""
    shared_speakers: int | None
    """Speakers of the training split among them; None for the training split itself."""
    shared_sentences: int | None
    """Utterances whose sentence is in the training split, too."""
    unseen_words_percent: float | None
    """Words, in percent of all, that the training split has not."""


@dataclass(frozen=True)
class DataSheet:
    """What is known of the data."""

    source: str
    splits: list[SplitSheet]
    texts: list[tuple[str, int, int]]
    """Text of language models: name, lines used, lines left out."""
    language_models: list[tuple[str, int, float]]
    """Name, n-grams, 10^6 bytes."""
    notes: list[str]


@dataclass(frozen=True)
class _Said:
    speakers: set[str]
    sentences: Counter[str]
    words: Counter[str]


def data_sheet(experiment: Experiment) -> DataSheet:
    """Read the data sheet of an experiment's corpus."""
    recipe, layout = experiment.recipe, experiment.layout
    validation = read(layout.validation, Validation)
    said = {split: _said(experiment, split) for split in recipe.splits.all}
    train = said[recipe.splits.train]
    texts = validation.text_files or {}
    return DataSheet(
        source=recipe.corpus.source,
        splits=[
            _sheet(validation, split, said[split], None if said[split] is train else train)
            for split in recipe.splits.all
        ],
        texts=[(name, one.lines, one.left_out) for name, one in texts.items()],
        language_models=[
            (name, info.total, info.megabytes) for name, info in experiment.lm_infos.items()
        ],
        notes=_notes(validation),
    )


def _said(experiment: Experiment, split: str) -> _Said:
    utterances = read_references(experiment.layout.cuts(split))
    return _Said(
        {one.speaker for one in utterances},
        Counter(" ".join(one.words) for one in utterances),
        Counter(word for one in utterances for word in one.words),
    )


def _sheet(validation: Validation, name: str, said: _Said, train: _Said | None) -> SplitSheet:
    size = validation.splits[name]
    shared = unseen = sentences = None
    if train is not None:
        shared = len(said.speakers & train.speakers)
        sentences = sum(n for one, n in said.sentences.items() if one in train.sentences)
        new = sum(n for word, n in said.words.items() if word not in train.words)
        unseen = 100 * new / max(1, sum(said.words.values()))
    return SplitSheet(
        name,
        size.utterances,
        size.hours,
        size.words,
        size.speakers,
        len(said.words),
        shared,
        sentences,
        unseen,
    )


def _notes(validation: Validation) -> list[str]:
    notes = [
        f"{count} transcripts of {split} are also lines of the language model text."
        for split, count in (validation.transcripts_in_lm_text or {}).items()
        if count
    ]
    notes += [f"Left out: {n} utterances, {why}." for why, n in (validation.left_out or {}).items()]
    if silent := validation.silent_recordings:
        notes.append(f"{len(silent)} recordings are silent.")
    return notes
