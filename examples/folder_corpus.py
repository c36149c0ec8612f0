"""A source of recordings in folders (docs/how_to/add_a_corpus.md)."""

from pathlib import Path

from schatten.corpus.recorded import write_corpus
from schatten.corpus.utterance import Utterance
from schatten.errors import UserError
from schatten.recipe import Recipe
from schatten.runtime.files import read_text


def make(recipe: Recipe, corpus_dir: Path, output: Path, jobs: int) -> None:
    """Write cuts and text of SPLIT/SPEAKER/NAME.wav, each with its transcript in NAME.txt.

    Errors: `UserError` for a split without recordings, and a recording without a transcript.
    """
    utterances = []
    for split in recipe.splits.all:
        paths = sorted((corpus_dir / split).glob("*/*.wav"))
        if not paths:
            raise UserError(f"{corpus_dir / split} holds no SPEAKER/NAME.wav: put recordings there")
        utterances += [_utterance(path, split, corpus_dir) for path in paths]
    write_corpus(recipe, utterances, corpus_dir, output=output, jobs=jobs)


def _utterance(path: Path, split: str, corpus_dir: Path) -> Utterance:
    speaker = path.parent.name
    return Utterance(
        id=f"{speaker}-{path.stem}",
        split=split,
        speaker=speaker,
        text=read_text(path.with_suffix(".txt")),
        audio=path.relative_to(corpus_dir).as_posix(),
    )
