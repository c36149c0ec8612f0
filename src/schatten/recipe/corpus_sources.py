"""The recipe's corpora of one source: recordings in tables, Kaldi folders, lhotse, LDC discs."""

from typing import Annotated, Literal

from pydantic import Field

from schatten.recipe.base import Name, Settings
from schatten.recipe.styles import MultiStyle
from schatten.recipe.voicesearch import VoiceSearchCorpus

Column = Literal["id", "path", "text", "split", "speaker", "duration"]


class RecordedCorpus(Settings):
    """Settings that all corpora of real recordings have."""

    text_files: tuple[str, ...] = ()
    """More text for language models, relative to the corpus folder: one sentence per line, plain or
    .gz. Lines with a character outside the alphabet are left out and counted."""
    leave_out: tuple[str, ...] = ()
    """Ids of utterances to skip, for errors in a corpus that cannot be corrected."""
    foreign_text: Literal["refused", "left_out"] = Field(
        default="refused", exclude_if=lambda value: value == "refused"
    )
    """What to do with utterances whose normalised text has characters outside the alphabet, or
    nothing. `refused`: the validator names them. `left_out`: they are left out of all splits, and
    counted by split."""
    shared_speakers: Literal["refused", "allowed"] = "refused"
    """Whether a speaker may be in two splits. Allow it only if the names of speakers are not
    known."""
    low_rates: Literal["refused", "allowed"] = "refused"
    """Whether recordings below 16 kHz are allowed. They are resampled to 16 kHz."""
    details: tuple[str, ...] = Field(default=(), exclude_if=lambda names: not names)
    """Tables of what is known of utterances or speakers beside the text, such as accents, relative
    to the corpus folder: tab-separated with a header, one column of which is `id` (or `utt_id`) or
    `speaker`. `tables.conditions` asks for error rates by the other columns. Cells that are empty
    or `-` say nothing."""
    multi_style: MultiStyle | None = Field(default=None, exclude_if=lambda style: style is None)
    """Distorted copies of the training recordings: noise, rooms, other vocal tracts."""


class TsvCorpus(RecordedCorpus):
    """A tab-separated table with a header: audio path, text, speaker, split."""

    source: Literal["tsv"]
    manifest: str = "transcripts.tsv"
    """The table, relative to the corpus folder. Paths of audio in it are relative to the table's
    folder."""
    columns: dict[Column, str] = {}
    """Names of the table's columns that differ from these: id (or utt_id), path, text, split.
    Optional columns are speaker and duration (or duration_s), in seconds."""
    split_names: dict[Name, str] = {}
    """The name of a split in the table, if it differs from the recipe's."""


class KaldiCorpus(RecordedCorpus):
    """Kaldi data directories: wav.scp, text, utt2spk, and optionally segments."""

    source: Literal["kaldi"]
    directories: dict[Name, str] = {}
    """The directory of each split, relative to the corpus folder; by default the split's name."""


class LhotseCorpus(RecordedCorpus):
    """Lhotse manifests of cuts, made by any lhotse recipe."""

    source: Literal["lhotse"]
    manifests: dict[Name, str] = {}
    """The manifest of each split's cuts, relative to the corpus folder; by default
    `{split}.jsonl.gz`."""


class WsjCorpus(RecordedCorpus):
    """The LDC discs of the Wall Street Journal (LDC93S6A/B and LDC94S13A/B).

    The splits in the recipe have the names of the sets: si284, si84, dev93, eval92, eval93 ...
    """

    source: Literal["wsj"]
    verbalised_punctuation: bool = False
    """Whether to keep utterances with spoken punctuation. Its words are then in the transcripts."""
    disc_text: bool = True
    """Whether to use the language model text of the discs (1987 to 1989), if it is there."""


class LibriSpeechCorpus(RecordedCorpus):
    """LibriSpeech as its archives unpack: `train-clean-100/READER/CHAPTER/*.flac`, `*.trans.txt`.

    Panayotov et al. (2015), openslr.org/12. The corpus folder is `LibriSpeech`, with the parts.
    """

    source: Literal["librispeech"]
    parts: dict[Name, tuple[str, ...]] = {}
    """The parts of each split, folders in the corpus folder. By default a split is one part of its
    name, with `-` for `_`: `test_clean` is `test-clean`."""

    def parts_of(self, split: str) -> tuple[str, ...]:
        """Return the parts of a split."""
        return self.parts.get(split, (split.replace("_", "-"),))


class CommonVoiceCorpus(RecordedCorpus):
    """One language of Common Voice as it is downloaded: `clips/` and tables as `train.tsv`.

    Ardila et al. (2020). The corpus folder is that of the language, `cv-corpus-VERSION/LANGUAGE`.
    """

    source: Literal["common_voice"]
    tables: dict[Name, str] = {}
    """The table of each split; by default `{split}.tsv`."""

    def table_of(self, split: str) -> str:
        """Return the name of the table of a split."""
        return self.tables.get(split, f"{split}.tsv")


AnyOne = (
    VoiceSearchCorpus
    | TsvCorpus
    | KaldiCorpus
    | LhotseCorpus
    | WsjCorpus
    | LibriSpeechCorpus
    | CommonVoiceCorpus
)
"""Every source of one corpus."""
OneCorpus = Annotated[AnyOne, Field(discriminator="source")]
