"""The recipe's `corpus` and `splits`: where speech and text come from."""

from typing import Annotated, Literal

from pydantic import Field

from schatten.recipe.base import Name, Settings
from schatten.recipe.voicesearch import VoiceSearchCorpus


class Splits(Settings):
    """Which split is for what."""

    train: Name = "train"
    """Training split."""
    dev: Name = "dev"
    """Split on which weights, lambdas and models are chosen."""
    test: tuple[Name, ...] = ("test",)
    """Splits that only the tables look at; the first one is the main one."""

    @property
    def all(self) -> tuple[str, ...]:
        """Every split, training first."""
        return (self.train, self.dev, *self.test)

    @property
    def scored(self) -> tuple[str, ...]:
        """The splits that are decoded."""
        return (self.dev, *self.test)


class Text(Settings):
    """How transcripts and language model text are normalised."""

    alphabet: str = "abcdefghijklmnopqrstuvwxyz'"
    """The characters of words; the space between words and CTC's blank are added."""
    case: Literal["lower", "upper", "keep"] = "lower"
    """Letters are brought to this case before the alphabet is applied."""
    strip: str = '.,;:!?"()[]{}-'
    """Characters that are replaced by a space."""


class TsvCorpus(Settings):
    """A tab-separated table with a header: audio path, text, speaker, split."""

    source: Literal["tsv"]
    manifest: str = "transcripts.tsv"
    """The table, relative to the corpus folder; audio paths are relative to its folder."""
    columns: dict[Literal["id", "path", "text", "speaker", "split"], str] = {}
    """Names of the columns where they differ from id (or utt_id), path, text, speaker, split."""
    split_names: dict[Name, str] = {}
    """The table's name of a split, where it differs from the recipe's."""
    text_files: tuple[str, ...] = ()
    """More text for language models (a sentence a line, .gz too), relative to the corpus folder."""


class KaldiCorpus(Settings):
    """Kaldi data directories: wav.scp, text, utt2spk, and segments where there are any."""

    source: Literal["kaldi"]
    directories: dict[Name, str] = {}
    """The directory of a split, relative to the corpus folder; the split's name by default."""
    text_files: tuple[str, ...] = ()
    """More text for language models, relative to the corpus folder."""


class LhotseCorpus(Settings):
    """Lhotse manifests (cuts, or recordings and supervisions), made by any lhotse recipe."""

    source: Literal["lhotse"]
    manifests: dict[Name, str] = {}
    """A split's cuts manifest, relative to the corpus folder; `{split}.jsonl.gz` by default."""
    text_files: tuple[str, ...] = ()
    """More text for language models, relative to the corpus folder."""


class WsjCorpus(Settings):
    """The LDC discs of the Wall Street Journal (LDC93S6A/B and LDC94S13A/B)."""

    source: Literal["wsj"]
    verbalised_punctuation: bool = False
    """Whether utterances with spoken punctuation are kept."""


Corpus = Annotated[
    VoiceSearchCorpus | TsvCorpus | KaldiCorpus | LhotseCorpus | WsjCorpus,
    Field(discriminator="source"),
]
