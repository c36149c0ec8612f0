"""What the sources of recordings share once their utterances are listed: cuts and text."""

from collections.abc import Sequence
from pathlib import Path

from schatten.corpus.cuts import write_cuts
from schatten.corpus.lm_text import text_files, write_lm_text
from schatten.corpus.text import Normaliser
from schatten.corpus.utterance import Utterance
from schatten.recipe import Recipe
from schatten.recipe.corpus import RecordedCorpus


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
    assert isinstance(recipe.corpus, RecordedCorpus)
    normaliser = Normaliser(recipe.text)
    texts = text_files(corpus_dir, recipe.corpus.text_files)
    sentences = write_cuts(
        utterances, recipe.splits.all, normaliser, audio_dir=corpus_dir, output=output, jobs=jobs
    )
    write_lm_text(sentences, recipe.splits.train, texts, output, normaliser)
