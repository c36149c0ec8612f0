"""A corpus's fingerprint, the name of its artifacts' folder, which is fast to compute.

It runs whenever the Snakefile is parsed, so it imports nothing heavy and reads only manifests and
text: never a recording.
"""

from collections.abc import Iterator
from pathlib import Path

from schatten.corpus.contents import contents
from schatten.corpus.discs import Discs, indices
from schatten.errors import UserError
from schatten.recipe import Recipe
from schatten.recipe.corpus import (
    KaldiCorpus,
    LhotseCorpus,
    RecordedCorpus,
    TsvCorpus,
    WsjCorpus,
    own_files,
)
from schatten.runtime.file_names import found
from schatten.runtime.files import digest, sha256

KALDI_FILES = ("wav.scp", "text", "utt2spk", "segments")


def check_folder(recipe: Recipe, corpus_dir: Path | None) -> None:
    """Refuse a recipe of real recordings without its corpus folder, before anything runs.

    Errors: `UserError` that names the recipe, the folder and the fix.
    """
    if not isinstance(recipe.corpus, RecordedCorpus):
        return
    fix = "give the corpus's folder with --config corpus_dir=DIR"
    if corpus_dir is None:
        raise UserError(f"the recipe {recipe.title!r} reads real recordings: {fix}")
    if not corpus_dir.is_dir():
        raise UserError(f"the recipe {recipe.title!r} finds no folder {corpus_dir}: {fix}")
    for path in (*_manifests(recipe, corpus_dir), *_texts(recipe.corpus, corpus_dir)):
        if not path.is_file():
            raise UserError(
                f"the recipe {recipe.title!r} needs {path}, which does not exist: correct the "
                f"recipe's corpus settings, or {fix}"
            )


def fingerprint(recipe: Recipe, corpus_dir: Path | None = None) -> str:
    """Hash the data settings and the content of the corpus's manifests and text to a short name.

    It changes with the corpus's, splits', text's and speed settings, with the manifests, the text
    and a grammar of the recipe's own, and with nothing else. It does not depend on the folder's
    place, nor on what the validator allows.

    Errors: `UserError` as `check_folder`.
    """
    check_folder(recipe, corpus_dir)
    settings = {
        "corpus": recipe.corpus.model_dump(mode="json", exclude={"shared_speakers", "low_rates"}),
        "splits": recipe.splits.model_dump(mode="json"),
        "text": recipe.text.model_dump(mode="json"),
        "speeds": recipe.speed_perturbation,
    }
    if own := own_files(recipe.corpus, recipe.folder):
        settings["own_files"] = [sha256(path) for path in own]
    if isinstance(recipe.corpus, RecordedCorpus):
        assert corpus_dir is not None, "check_folder has seen to it"
        settings["manifests"] = [sha256(path) for path in _manifests(recipe, corpus_dir)]
        settings["texts"] = [contents([path]) for path in _texts(recipe.corpus, corpus_dir)]
        if isinstance(recipe.corpus, WsjCorpus):
            discs = Discs(corpus_dir)
            settings["discs"] = contents(discs.texts(with_lm_text=recipe.corpus.disc_text))
    return digest(settings)


def _manifests(recipe: Recipe, corpus_dir: Path) -> Iterator[Path]:
    """Yield the files that say what is in the corpus, in a fixed order."""
    corpus, splits = recipe.corpus, recipe.splits.all
    if isinstance(corpus, TsvCorpus):
        yield found(corpus_dir, corpus.manifest)
    elif isinstance(corpus, KaldiCorpus):
        for split in splits:
            yield from kaldi_files(corpus_dir / corpus.directories.get(split, split))
    elif isinstance(corpus, LhotseCorpus):
        for split in splits:
            yield corpus_dir / corpus.manifests.get(split, f"{split}.jsonl.gz")
    elif isinstance(corpus, WsjCorpus):
        discs = Discs(corpus_dir)
        for split in splits:
            yield from (discs.find(name) or corpus_dir / name for name in indices(split))


def kaldi_files(directory: Path) -> list[Path]:
    """Return a Kaldi data directory's files; `segments` and `utt2spk` only where they are."""
    optional = ("utt2spk", "segments")
    paths = [directory / name for name in KALDI_FILES]
    return [path for path in paths if path.name not in optional or path.is_file()]


def _texts(corpus: RecordedCorpus, corpus_dir: Path) -> list[Path]:
    return [found(corpus_dir, name) for name in corpus.text_files]
