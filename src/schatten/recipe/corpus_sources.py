"""The recipe's corpora of one source: recordings in tables, Kaldi folders, lhotse, discs."""

from typing import Annotated, Literal

from pydantic import Field

from schatten.recipe.base import Name, Settings
from schatten.recipe.styles import MultiStyle
from schatten.recipe.voicesearch import VoiceSearchCorpus

Column = Literal["id", "path", "text", "split", "speaker", "duration"]


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
    multi_style: MultiStyle | None = Field(default=None, exclude_if=lambda style: style is None)
    """Distorted copies of the training recordings: noise, rooms, other vocal tracts."""


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


OneCorpus = Annotated[
    VoiceSearchCorpus | TsvCorpus | KaldiCorpus | LhotseCorpus | WsjCorpus,
    Field(discriminator="source"),
]
