"""Turns a corpus into cuts and normalised text; the recipe's `corpus.source` says how.

Only light imports here: the Snakefile imports `schatten.corpus.fingerprint` when it is parsed.
"""

from importlib import import_module
from pathlib import Path

from schatten.corpus.fingerprint import Inputs, check_folder
from schatten.errors import UserError
from schatten.recipe import Recipe
from schatten.recipe.corpus import makes_audio
from schatten.runtime import seals
from schatten.runtime.files import remove

_SOURCES = {
    "tsv": "schatten.corpus.tsv",
    "kaldi": "schatten.corpus.kaldi",
    "lhotse": "schatten.corpus.lhotse_cuts",
    "wsj": "schatten.corpus.wsj",
    "librispeech": "schatten.corpus.librispeech",
    "common_voice": "schatten.corpus.common_voice",
}
_KINDS = ("cuts", "conditions")
"""Kinds of tables that sources write for each split."""


def make(
    recipe: Recipe,
    corpus_dir: Path | None,
    output: Path,
    jobs: int = 1,
    tasks: int = 1,
    data_key: str | None = None,
) -> None:
    """Write `{split}.cuts.jsonl.gz` and `text/{corpus,SPLIT}.txt.gz` of a recipe's corpus.

    `corpus_dir` is the folder of real recordings (the synthetic corpus needs none), `jobs` the
    number of processes or threads, in each of a Slurm job's `tasks`. No output depends on either.
    `data_key` is the fingerprint that a run was planned with; any does without.

    Errors: `UserError` for a missing folder, manifest or recording, and for tables, text or noise
    that were edited since the run was planned, or while they were read: then nothing is kept.
    """
    before = _inputs(recipe, corpus_dir)
    if before and data_key not in (None, before.key):
        raise UserError(
            f"the recipe {recipe.title!r} or its corpus{_within(corpus_dir)} was edited after the "
            f"run was planned, with data key {data_key} (now {before.key}): start the run again"
        )
    from_source(recipe, corpus_dir, output, jobs, tasks)
    after = _inputs(recipe, corpus_dir)
    if before is None or after is None or before.key != after.key:
        _remove_all(recipe, output)
        raise UserError(
            f"{_edited(before, after, corpus_dir)} was edited while the corpus was made from it: "
            "nothing was kept; run again"
        )
    if makes_audio(recipe.corpus):
        seals.wrote(output / "audio")


def from_source(
    recipe: Recipe, corpus_dir: Path | None, output: Path, jobs: int, tasks: int
) -> None:
    """Let the recipe's source write its cuts and text; errors as `make`."""
    source = recipe.corpus.source
    if source == "voicesearch_like":
        import_module("schatten.corpus.voicesearch").make(recipe, output, jobs, tasks)
    elif source == "several":
        import_module("schatten.corpus.several").make(recipe, corpus_dir, output, jobs, tasks)
    else:
        _from_folder(recipe, corpus_dir, output, jobs)


def _remove_all(recipe: Recipe, output: Path) -> None:
    """Remove what the sources write: a mix of two states of the corpus must not be used."""
    names = [f"{split}.{kind}.jsonl.gz" for split in recipe.splits.all for kind in _KINDS]
    audio = ["audio"] if makes_audio(recipe.corpus) else []
    for name in [*names, *audio, "text", "left_out.json"]:
        seals.forget(output / name)
        remove(output / name)


def _within(corpus_dir: Path | None) -> str:
    return "" if corpus_dir is None else f" in {corpus_dir}"


def _inputs(recipe: Recipe, corpus_dir: Path | None) -> Inputs | None:
    """Return what the corpus is made from now; None where a part is missing: its source says so."""
    try:
        check_folder(recipe, corpus_dir)
        return Inputs(recipe, corpus_dir)
    except UserError:
        return None


def _edited(before: Inputs | None, after: Inputs | None, corpus_dir: Path | None) -> str:
    """Return the first file that was edited, and how many others were."""
    if before is None or after is None:
        return f"the corpus{_within(corpus_dir)}"
    first, *others = after.edited(before)
    return f"{first} (and {len(others)} more)" if others else first


def _from_folder(recipe: Recipe, corpus_dir: Path | None, output: Path, jobs: int) -> None:
    source = recipe.corpus.source
    if corpus_dir is None:
        raise UserError(f"a corpus of source {source!r} needs its folder: give --corpus-dir DIR")
    if not corpus_dir.is_dir():
        raise UserError(f"{corpus_dir} is not a folder: give the corpus's with --corpus-dir DIR")
    import_module(_SOURCES[source]).make(recipe, corpus_dir, output, jobs)
