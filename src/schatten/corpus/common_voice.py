"""The source `common_voice`: one language's folder of Common Voice, as it is downloaded."""

from pathlib import Path

from schatten.corpus.recorded import write_corpus
from schatten.corpus.tsv import Places, read_rows
from schatten.corpus.utterance import Utterance
from schatten.recipe import Recipe
from schatten.recipe.corpus_sources import CommonVoiceCorpus

_CLIPS = "clips"
_DETAILS = {"accent": ("accents", "accent"), "age": ("age",), "gender": ("gender",)}
"""Columns of what is known of speakers who said it; not all versions have them all."""
_COLUMNS = Places(
    aliases={
        "speaker": ("client_id",),
        "path": ("path",),
        "text": ("sentence",),
        **_DETAILS,
    },
    optional=tuple(_DETAILS),
    filled=("speaker", "path"),
)
"""Votes and segments are not read."""


def make(recipe: Recipe, corpus_dir: Path, output: Path, jobs: int) -> None:
    """Write the cuts and the text of the splits' tables; an utterance has the name of its clip.

    Errors: `UserError` for a missing table or column, a malformed line, missing or unreadable
    clips.
    """
    corpus = recipe.corpus
    assert isinstance(corpus, CommonVoiceCorpus)
    utterances = [
        Utterance(
            id=Path(row["path"]).stem,
            split=split,
            speaker=row["speaker"],
            text=row["text"],
            audio=f"{_CLIPS}/{row['path']}",
            details=tuple((name, row[name]) for name in _DETAILS if row.get(name)),
        )
        for split in recipe.splits_read
        for row in read_rows(corpus_dir / corpus.table_of(split), _COLUMNS)
    ]
    write_corpus(recipe, utterances, corpus_dir, output=output, jobs=jobs)
