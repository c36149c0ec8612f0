"""Turns a corpus into cuts and normalised text; the recipe's `corpus.source` says how.

Only light imports here: the Snakefile imports `schatten.corpus.fingerprint` when it is parsed.
"""

from importlib import import_module
from pathlib import Path

from schatten.errors import UserError
from schatten.recipe import Recipe
from schatten.recipe.corpus import makes_audio
from schatten.runtime import seals

_SOURCES = {
    "tsv": "schatten.corpus.tsv",
    "kaldi": "schatten.corpus.kaldi",
    "lhotse": "schatten.corpus.lhotse_cuts",
    "wsj": "schatten.corpus.wsj",
}


def make(
    recipe: Recipe, corpus_dir: Path | None, output: Path, jobs: int = 1, tasks: int = 1
) -> None:
    """Write `{split}.cuts.jsonl.gz` and `text/{corpus,SPLIT}.txt.gz` of a recipe's corpus.

    `corpus_dir` is the folder of real recordings (the synthetic corpus needs none), `jobs` the
    number of processes or threads, in each of a Slurm job's `tasks`. No output depends on either.

    Errors: `UserError` for a missing folder, manifest or recording.
    """
    if recipe.corpus.source == "voicesearch_like":
        import_module("schatten.corpus.voicesearch").make(recipe, output, jobs, tasks)
    else:
        _from_folder(recipe, corpus_dir, output, jobs)
    if makes_audio(recipe.corpus):
        seals.wrote(output / "audio")


def _from_folder(recipe: Recipe, corpus_dir: Path | None, output: Path, jobs: int) -> None:
    source = recipe.corpus.source
    if corpus_dir is None:
        raise UserError(f"a corpus of source {source!r} needs its folder: give --corpus-dir DIR")
    if not corpus_dir.is_dir():
        raise UserError(f"{corpus_dir} is not a folder: give the corpus's with --corpus-dir DIR")
    import_module(_SOURCES[source]).make(recipe, corpus_dir, output, jobs)
