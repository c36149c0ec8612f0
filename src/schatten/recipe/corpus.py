"""The recipe's `corpus`, `splits` and `text`: where speech and text come from."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from schatten.errors import UserError
from schatten.recipe.base import Name, Settings
from schatten.recipe.voicesearch import VoiceSearchCorpus

Column = Literal["id", "path", "text", "split", "speaker", "duration"]


class Splits(Settings):
    """Which split is for what."""

    train: Name = "train"
    """Training split."""
    dev: Name = "dev"
    """Split on which weights, lambdas and models are chosen."""
    test: tuple[Name, ...] = Field(default=("test",), min_length=1)
    """Splits that only the tables look at; the first one is the main one."""

    @property
    def all(self) -> tuple[str, ...]:
        """Every split, training first."""
        return (self.train, self.dev, *self.test)

    @property
    def scored(self) -> tuple[str, ...]:
        """The splits that are decoded."""
        return (self.dev, *self.test)

    @model_validator(mode="after")
    def _names_differ(self) -> "Splits":
        if len(set(self.all)) < len(self.all) or "corpus" in self.all:
            raise ValueError("the splits need names of their own, none of them `corpus`")
        return self


class Text(Settings):
    """How transcripts and language model text are normalised."""

    alphabet: str = Field(default="abcdefghijklmnopqrstuvwxyz'", min_length=1)
    """The characters of words; the space between words and CTC's blank are added."""
    case: Literal["lower", "upper", "keep"] = "lower"
    """Letters are brought to this case before the alphabet is applied."""
    strip: str = '.,;:!?"()[]{}-'
    """Characters that are replaced by a space."""

    @model_validator(mode="after")
    def _alphabet_is_reachable(self) -> "Text":
        if any(character.isspace() for character in self.alphabet):
            raise ValueError("the alphabet holds a space: remove it, the space is added")
        if len(set(self.alphabet)) < len(self.alphabet):
            raise ValueError("the alphabet holds a character twice: remove one")
        if self.case != "keep" and self.alphabet != getattr(self.alphabet, self.case)():
            raise ValueError(f"the alphabet is not in {self.case} case: correct it or set case")
        return self


class RecordedCorpus(Settings):
    """What every corpus of real recordings has."""

    text_files: tuple[str, ...] = ()
    """More text for language models (a sentence a line, .gz too), relative to the corpus folder;
    lines that hold a character outside the alphabet are left out and counted."""
    leave_out: tuple[str, ...] = ()
    """Ids of utterances to pass over, for faults in a corpus that cannot be mended."""
    shared_speakers: Literal["refused", "allowed"] = "refused"
    """Whether a speaker may be in two splits; allow it only where speakers have no names."""
    low_rates: Literal["refused", "allowed"] = "refused"
    """Whether recordings below 16 kHz are allowed; they are brought to 16 kHz."""


class TsvCorpus(RecordedCorpus):
    """A tab-separated table with a header: audio path, text, speaker, split."""

    source: Literal["tsv"]
    manifest: str = "transcripts.tsv"
    """The table, relative to the corpus folder; audio paths are relative to its folder."""
    columns: dict[Column, str] = {}
    """Names of the columns where they differ from id (or utt_id), path, text, split, and, where
    the table has them, speaker and duration (or duration_s; seconds)."""
    split_names: dict[Name, str] = {}
    """The table's name of a split, where it differs from the recipe's."""


class KaldiCorpus(RecordedCorpus):
    """Kaldi data directories: wav.scp, text, utt2spk, and segments where there are any."""

    source: Literal["kaldi"]
    directories: dict[Name, str] = {}
    """The directory of a split, relative to the corpus folder; the split's name by default."""


class LhotseCorpus(RecordedCorpus):
    """Lhotse manifests of cuts, made by any lhotse recipe."""

    source: Literal["lhotse"]
    manifests: dict[Name, str] = {}
    """A split's cuts manifest, relative to the corpus folder; `{split}.jsonl.gz` by default."""


class WsjCorpus(RecordedCorpus):
    """The LDC discs of the Wall Street Journal (LDC93S6A/B and LDC94S13A/B).

    The recipe's splits are named as the sets are: si284, si84, dev93, eval92, eval93 ...
    """

    source: Literal["wsj"]
    verbalised_punctuation: bool = False
    """Whether utterances with spoken punctuation are kept; its words are then written out."""
    disc_text: bool = True
    """Whether the discs' language model text (1987 to 1989) is used, where it is there."""


Corpus = Annotated[
    VoiceSearchCorpus | TsvCorpus | KaldiCorpus | LhotseCorpus | WsjCorpus,
    Field(discriminator="source"),
]


def own_files(corpus: Corpus, folder: Path) -> list[Path]:
    """Return the files in a recipe's folder that its corpus is made from.

    Errors: `UserError` for one that does not exist.
    """
    if not isinstance(corpus, VoiceSearchCorpus) or not corpus.has_own_grammar:
        return []
    path = folder / corpus.grammar
    if not path.is_file():
        raise UserError(f"{path} does not exist: write it, or correct the recipe's corpus.grammar")
    return [path]


def makes_audio(corpus: Corpus) -> bool:
    """Whether the corpus step writes audio, so that cuts name it relative to their own folder.

    The cuts of other corpora name recordings relative to the corpus folder.
    """
    return isinstance(corpus, VoiceSearchCorpus | WsjCorpus)
