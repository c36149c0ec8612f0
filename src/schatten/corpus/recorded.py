"""Shared by all sources of recordings: writes cuts and text of listed utterances."""

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from schatten.corpus.cuts import read_headers, write_cuts
from schatten.corpus.details import with_details, write_details
from schatten.corpus.folds import dealt
from schatten.corpus.lm_text import write_lm_text
from schatten.corpus.tables import table_lines
from schatten.corpus.text import Normaliser
from schatten.corpus.utterance import Utterance
from schatten.errors import UserError
from schatten.letters import composed
from schatten.recipe import Recipe
from schatten.recipe.corpus_sources import RecordedCorpus
from schatten.runtime.file_names import Names, found
from schatten.runtime.files import write_json


def write_corpus(
    recipe: Recipe,
    utterances: Sequence[Utterance],
    corpus_dir: Path,
    *,
    output: Path,
    jobs: int,
) -> None:
    """Write cuts of utterances whose recordings lie in the corpus folder, and all text.

    Errors: `UserError` for missing text files, missing or unreadable recordings.
    """
    names = Names(corpus_dir)
    utterances, foreign = spelled(recipe, wanted(recipe, utterances, corpus_dir))
    if foreign:
        write_json(output / "left_out.json", foreign)
    chosen = [_in_one_form(one, names) for one in utterances]
    if recipe.fold is not None:
        chosen = dealt(chosen, recipe.splits, *recipe.fold)
    texts = text_files(corpus_of(recipe), corpus_dir)
    normaliser = Normaliser(recipe.text)
    sentences = write_styled_cuts(
        recipe, chosen, normaliser, audio_dir=corpus_dir, output=output, jobs=jobs
    )
    write_lm_text(sentences, recipe.splits.train, texts, output, normaliser)


def write_styled_cuts(
    recipe: Recipe,
    utterances: Sequence[Utterance],
    normaliser: Normaliser,
    *,
    audio_dir: Path,
    output: Path,
    jobs: int,
) -> dict[str, list[str]]:
    """Write cuts, distorted copies that the recipe asks for, and details; see `write_cuts`.

    Details of the training split are not written: no error rates are shown of it.
    """
    heard = [one for one in utterances if one.split != recipe.splits.train]
    settings = corpus_of(recipe).multi_style
    if settings is not None:
        from schatten.corpus.style.copies import with_copies

        headers = read_headers(utterances, audio_dir, jobs)
        rates = {name: header.rate for name, header in headers.items()}
        utterances = with_copies(
            settings, utterances, rates, recipe.splits.train, audio_dir, output=output, jobs=jobs
        )
        audio_dir = output
    sentences = write_cuts(
        utterances, recipe.splits.all, normaliser, audio_dir=audio_dir, output=output, jobs=jobs
    )
    write_details(heard, recipe.splits.all, output)
    return sentences


def _in_one_form(utterance: Utterance, names: Names) -> Utterance:
    """Return an utterance with its names in NFC, and its recording as the folder spells it."""
    return replace(
        utterance,
        id=composed(utterance.id),
        speaker=composed(utterance.speaker),
        audio=names.found(utterance.audio),
    )


def wanted(recipe: Recipe, utterances: Sequence[Utterance], corpus_dir: Path) -> list[Utterance]:
    """Return the utterances that the recipe does not leave out, with what tables say of them.

    Errors: `UserError` if `leave_out` names an unknown utterance, and as `with_details`.
    """
    leave_out = set(map(composed, corpus_of(recipe).leave_out))
    if unknown := sorted(leave_out - {composed(utterance.id) for utterance in utterances}):
        raise UserError(f"corpus.leave_out names {unknown[0]}, which is no utterance: correct it")
    kept = [utterance for utterance in utterances if composed(utterance.id) not in leave_out]
    return with_details(kept, corpus_of(recipe).details, corpus_dir)


def spelled(
    recipe: Recipe, utterances: Sequence[Utterance], *, marks_are_gone: bool = False
) -> tuple[list[Utterance], dict[str, int]]:
    """Return the utterances whose text the alphabet can write, and how many others there were.

    Only a recipe with `foreign_text: left_out` leaves any out; they are counted by split.
    `marks_are_gone` as in `Normaliser`, which counts what it meets: so it is one of its own here.
    """
    if corpus_of(recipe).foreign_text == "refused":
        return list(utterances), {}
    normaliser = Normaliser(recipe.text, marks_are_gone=marks_are_gone)
    cleaned = normaliser.clean(utterance.text for utterance in utterances)
    kept = [one for one, text in zip(utterances, cleaned, strict=True) if text is not None]
    counts = Counter(one.split for one in utterances) - Counter(one.split for one in kept)
    return kept, {f"text outside the alphabet ({split})": n for split, n in counts.items()}


def corpus_of(recipe: Recipe) -> RecordedCorpus:
    """Return the corpus settings of a recipe of recordings."""
    assert isinstance(recipe.corpus, RecordedCorpus)
    return recipe.corpus


def text_files(corpus: RecordedCorpus, corpus_dir: Path) -> dict[str, list[str]]:
    """Read the recipe's text files, by their name; each relative to the corpus folder."""
    return {name: table_lines(found(corpus_dir, name)) for name in corpus.text_files}


def relative_audio(path: str, corpus_dir: Path) -> str:
    """Return a recording's path relative to the corpus folder, also where it lies outside.

    Relative paths are relative to the corpus folder already, and are not changed. The folder may
    be a link.
    """
    if not Path(path).is_absolute():
        return path
    for folder in (corpus_dir.absolute(), corpus_dir.resolve()):
        if Path(path).is_relative_to(folder):
            return Path(path).relative_to(folder).as_posix()
    return os.path.relpath(path, corpus_dir.resolve())
