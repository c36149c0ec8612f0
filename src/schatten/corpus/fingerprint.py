"""A corpus's fingerprint, the name of its artifacts' folder, which is fast to compute.

It runs whenever the Snakefile is parsed, so it imports nothing heavy and reads only manifests and
text. Recordings of speech do not count; recorded noise and rooms do, and their hashes are kept.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from schatten.corpus.contents import content, contents
from schatten.corpus.discs import Discs, indices
from schatten.corpus.style.folders import audio_files, folders
from schatten.errors import UserError
from schatten.recipe import Recipe
from schatten.recipe.corpus import own_files
from schatten.recipe.corpus_sources import (
    CommonVoiceCorpus,
    KaldiCorpus,
    LhotseCorpus,
    LibriSpeechCorpus,
    RecordedCorpus,
    TsvCorpus,
    WsjCorpus,
)
from schatten.recipe.several import Part, SeveralCorpora, part_of
from schatten.recipe.voicesearch import VoiceSearchCorpus
from schatten.runtime.file_names import found
from schatten.runtime.files import digest

KALDI_FILES = ("wav.scp", "text", "utt2spk", "segments")


def check_folder(recipe: Recipe, corpus_dir: Path | None) -> None:
    """Refuse a recipe of real recordings without its corpus folder, before anything runs.

    Errors: `UserError` that names the recipe, the folder and the fix.
    """
    if isinstance(recipe.corpus, SeveralCorpora):
        for name, part in recipe.corpus.parts.items():
            check_folder(part_of(recipe, name), _folder_of(part, corpus_dir))
        return
    if not isinstance(recipe.corpus, RecordedCorpus):
        return
    fix = "give the corpus's folder with --config corpus_dir=DIR (a verb: --corpus-dir DIR)"
    if corpus_dir is None:
        raise UserError(f"the recipe {recipe.title!r} reads real recordings: {fix}")
    if not corpus_dir.is_dir():
        raise UserError(f"the recipe {recipe.title!r} finds no folder {corpus_dir}: {fix}")
    for path in (*_tables(recipe, corpus_dir), *_texts(recipe.corpus, corpus_dir)):
        if not path.is_file():
            fault = "is no file" if path.exists() else "does not exist"
            raise UserError(
                f"the recipe {recipe.title!r} needs {path}, which {fault}: correct the "
                f"recipe's corpus settings, or {fix}"
            )


def fingerprint(recipe: Recipe, corpus_dir: Path | None = None) -> str:
    """Hash the data settings and the content of the corpus's manifests and text to a short name.

    It changes with the corpus's, splits', text's and speed settings, with the manifests, the text,
    a grammar of the recipe's own, recorded noise and rooms, and with nothing else. It does not
    depend on the folder's place, nor on what the validator allows.

    Errors: `UserError` as `check_folder`, and for a file that cannot be read.
    """
    check_folder(recipe, corpus_dir)
    return Inputs(recipe, corpus_dir).key


class Inputs:
    """What a corpus was made from, as it is at this moment: settings and the hashes of files."""

    def __init__(self, recipe: Recipe, corpus_dir: Path | None) -> None:
        """Hash the files; they were looked for before.

        Errors: `UserError` for a file that cannot be read.
        """
        self._settings = {
            "corpus": recipe.corpus.model_dump(
                mode="json", exclude={"shared_speakers", "low_rates"}
            ),
            "splits": recipe.splits.model_dump(mode="json"),
            "text": recipe.text.model_dump(mode="json"),
            "speeds": recipe.speed_perturbation,
        }
        if recipe.fold is not None:
            number, folds = recipe.fold
            self._settings["fold"] = [number, folds.model_dump(mode="json")]
        self._hashes = dict(_hashes(recipe, corpus_dir))

    @property
    def key(self) -> str:
        """The fingerprint."""
        plain: dict[str, Any] = {
            kind: [found for _, found in rows] for kind, rows in self._hashes.items()
        }
        if "discs" in plain:
            [plain["discs"]] = plain["discs"]
        return digest({**self._settings, **plain})

    def edited(self, before: "Inputs") -> list[str]:
        """Return the files and folders that differ from those of earlier inputs, sorted."""
        now, then = self._rows(), before._rows()
        return sorted({str(path) for _, path, _ in now ^ then})

    def _rows(self) -> set[tuple[str, Path, str]]:
        return {(kind, *row) for kind, rows in self._hashes.items() for row in rows}


_Hashes = Sequence[tuple[Path, str]]


def _hashes(recipe: Recipe, corpus_dir: Path | None) -> Iterator[tuple[str, _Hashes]]:
    """Yield the files (or folders) of each kind with the hash of their content."""
    corpus = recipe.corpus
    if isinstance(corpus, SeveralCorpora):
        for name, part in corpus.parts.items():
            for kind, rows in _hashes(part_of(recipe, name), _folder_of(part, corpus_dir)):
                yield f"{name}.{kind}", rows
        if corpus.reads_recordings:  # whose whole paths stand in the cuts
            yield "folder", [(Path(), str(corpus_dir))]
        return
    if own := own_files(corpus, recipe.folder):
        yield "own_files", [(path, content(path)) for path in own]
    style = corpus if isinstance(corpus, VoiceSearchCorpus) else corpus.multi_style
    recorded = [] if style is None else [(Path(name), audio_files(name)) for name in folders(style)]
    if recorded:  # in the order of their names, as that says which are for training
        yield "recorded", [(name, contents(found, in_order=True)) for name, found in recorded]
    if isinstance(corpus, VoiceSearchCorpus):
        return
    assert corpus_dir is not None, "check_folder has seen to it"
    if style is not None and not isinstance(corpus, WsjCorpus):
        yield "folder", [(Path(), str(corpus_dir))]  # whose whole paths stand in the cuts
    yield "manifests", [(path, content(path)) for path in _tables(recipe, corpus_dir)]
    yield "texts", [(path, contents([path])) for path in _texts(corpus, corpus_dir)]
    if isinstance(corpus, WsjCorpus):
        found = Discs(corpus_dir).texts(with_lm_text=corpus.disc_text)
        yield "discs", [(corpus_dir, contents(found))]


def _folder_of(part: Part, corpus_dir: Path | None) -> Path | None:
    """Return the folder of a part of the corpus."""
    return None if corpus_dir is None else corpus_dir / part.folder


def _tables(recipe: Recipe, corpus_dir: Path) -> Iterator[Path]:
    """Yield the manifests, and the tables of details."""
    yield from _manifests(recipe, corpus_dir)
    assert isinstance(recipe.corpus, RecordedCorpus)
    for name in recipe.corpus.details:
        yield found(corpus_dir, name)


def _manifests(recipe: Recipe, corpus_dir: Path) -> Iterator[Path]:
    """Yield the files that say what is in the corpus, in a fixed order."""
    corpus, splits = recipe.corpus, recipe.splits_read
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
    elif isinstance(corpus, LibriSpeechCorpus):
        for split in splits:
            for part in corpus.parts_of(split):
                yield from librispeech_transcripts(corpus_dir / part)
    elif isinstance(corpus, CommonVoiceCorpus):
        for split in splits:
            yield corpus_dir / corpus.table_of(split)


def kaldi_files(directory: Path) -> list[Path]:
    """Return a Kaldi data directory's files; `segments` and `utt2spk` only where they are.

    A link to nothing and a folder count: they are a mistake, and reading them says so.
    """
    optional = ("utt2spk", "segments")
    paths = [directory / name for name in KALDI_FILES]
    return [path for path in paths if path.name not in optional or os.path.lexists(path)]


def librispeech_transcripts(part: Path) -> list[Path]:
    """Return the transcripts of a part of LibriSpeech, one file a chapter, by name.

    Errors: `UserError` where there are none.
    """
    if found := sorted(part.glob("*/*/*.trans.txt")):
        return found
    raise UserError(
        f"{part} has no READER/CHAPTER/*.trans.txt: unpack {part.name}.tar.gz, and give the "
        "folder LibriSpeech that it makes with --corpus-dir"
    )


def _texts(corpus: RecordedCorpus, corpus_dir: Path) -> list[Path]:
    return [found(corpus_dir, name) for name in corpus.text_files]
