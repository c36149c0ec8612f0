"""Makes the corpus: plans it, has its blocks spoken, writes cuts, conditions and text."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from schatten.audio.reading import read
from schatten.corpus.cuts import write_cuts
from schatten.corpus.lm_text import write_lm_text
from schatten.corpus.style.folders import HELD_OUT
from schatten.corpus.style.processes import run_jobs
from schatten.corpus.style.sources import prepared
from schatten.corpus.text import Normaliser
from schatten.corpus.utterance import Utterance
from schatten.corpus.voicesearch.block import Job
from schatten.corpus.voicesearch.grammar import grammar_of
from schatten.corpus.voicesearch.plan import (
    Block,
    draw_queries,
    lm_sentences,
    more_lm_sentences,
    plan_babble,
    plan_split,
)
from schatten.errors import UserError
from schatten.espeak import Espeak
from schatten.recipe import Recipe
from schatten.recipe.voicesearch import VoiceSearchCorpus
from schatten.runtime.files import atomic_output, remove, write_jsonl
from schatten.runtime.process import locked

_WORK = ".work"
"""Folder for temporary files, until the corpus is complete."""


def make(recipe: Recipe, output: Path, jobs: int = 1, tasks: int = 1) -> None:
    """Write recordings, cuts, text, and `{split}.conditions.jsonl.gz` (how each one was made).

    `jobs` processes speak at once, in each of a Slurm job's `tasks`. An interrupted corpus is
    continued.

    Errors: `UserError` for unknown splits, accents or variants, and bad folders of recordings.
    """
    settings = recipe.corpus
    assert isinstance(settings, VoiceSearchCorpus), "the recipe's source was looked at before"
    splits = recipe.splits.all
    _check(settings, splits)
    spoken = {split: grammar_of(recipe, settings.grammar_of(split)) for split in splits}
    queries = draw_queries(settings, spoken)
    blocks = [block for split in splits for block in plan_split(settings, split, queries[split])]
    with locked(output / _WORK):
        speak_blocks(settings, blocks, _of_babble(queries, recipe), output, (jobs, tasks))
        normaliser = Normaliser(recipe.text)
        _write_tables(blocks, splits, normaliser, output, jobs)
        kept_apart = [split for split in splits if settings.has_own_sentences(split)]
        held_out = {query for split in kept_apart for query in queries[split]}
        sentences = {split: [normaliser(query) for query in queries[split]] for split in splits}
        texts = {"grammar": lm_sentences(settings, grammar_of(recipe, settings.grammar), held_out)}
        for name in sorted({settings.grammar_of(split) for split in splits} - {settings.grammar}):
            texts[name] = more_lm_sentences(settings, grammar_of(recipe, name), name, held_out)
        write_lm_text(sentences, recipe.splits.train, texts, output, normaliser)
        remove(output / _WORK)


def _of_babble(queries: dict[str, list[str]], recipe: Recipe) -> list[str]:
    """Return the queries that babble says: of training, or of the first split without it."""
    return queries.get(recipe.splits.train) or next(iter(queries.values()))


def _check(settings: VoiceSearchCorpus, splits: tuple[str, ...]) -> None:
    unknown = [split for split in splits if split not in settings.spoken]
    if unknown:
        raise UserError(
            f"voicesearch_like makes no split {unknown[0]!r}: in `splits`, choose among "
            f"{', '.join(settings.spoken)}"
        )
    espeak = Espeak()
    for split in splits:
        for voice in settings.spoken[split].voices:
            espeak.choose(voice)


def speak_blocks(
    settings: VoiceSearchCorpus,
    blocks: list[Block],
    train: list[str],
    output: Path,
    workers: tuple[int, int],
) -> None:
    """Make every missing recording."""
    work = output / _WORK
    common = {"output": str(output), "noise_floor": settings.noise_floor}
    if "babble" in settings.noise.kinds and settings.noise.share:
        common["babble"] = str(_babble(settings, train, work))
    sides = {
        side: prepared(settings.noise, settings.reverberation, settings.seed, side, work)
        for side in ("train", HELD_OUT)
    }
    planned = []
    for block in blocks:
        side = sides["train" if settings.is_training(block.split) else HELD_OUT]
        planned.append(Job.model_validate({"block": block, **common, **side}))
    run_jobs(planned, work, *workers)


def _babble(settings: VoiceSearchCorpus, train: list[str], work: Path) -> Path:
    """Speak the utterances that babble is mixed from, one after the other."""
    path = work / "babble.npy"
    if not path.is_file():
        block = plan_babble(settings, train)
        run_jobs([Job(block=block, output=str(work), noise_floor=settings.noise_floor)], work, 1)
        spoken = (copy.audio for utterance in block.utterances for copy in utterance.copies)
        parts = [read(work / audio)[0][:, 0] for audio in spoken]
        with atomic_output(path) as beside:
            np.save(beside, np.concatenate(parts))
    return path


def _write_tables(
    blocks: list[Block], splits: tuple[str, ...], normaliser: Normaliser, output: Path, jobs: int
) -> None:
    utterances = []
    for split in splits:
        chosen = [block for block in blocks if block.split == split]
        utterances += [u for block in chosen for u in _utterances(block)]
        conditions = (row for block in chosen for row in _conditions(block))
        write_jsonl(output / f"{split}.conditions.jsonl.gz", conditions)
    write_cuts(utterances, splits, normaliser, audio_dir=output, output=output, jobs=jobs)


def _utterances(block: Block) -> Iterator[Utterance]:
    for spoken in block.utterances:
        for copy in spoken.copies:
            yield Utterance(
                id=copy.id,
                split=block.split,
                speaker=spoken.voice,
                text=spoken.text,
                audio=copy.audio,
            )


def _conditions(block: Block) -> Iterator[dict[str, object]]:
    for spoken in block.utterances:
        for copy in spoken.copies:
            yield {**spoken.model_dump(exclude={"copies"}), **copy.model_dump(exclude={"audio"})}
