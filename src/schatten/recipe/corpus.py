"""The recipe's `corpus`, `splits` and `text`: the source of speech, and how text is normalised."""

from collections.abc import Collection
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from schatten import letters
from schatten.errors import UserError
from schatten.recipe.base import Language, Name, Settings
from schatten.recipe.corpus_sources import (
    AnyOne,
    RecordedCorpus,
    WsjCorpus,
)
from schatten.recipe.several import SeveralCorpora
from schatten.recipe.voicesearch import VoiceSearchCorpus

# fmt: off
UNSPOKEN = (
    "applause", "background", "background_noise", "beep", "breath", "breathing", "click", "cough",
    "coughing", "exhale", "hes", "hesitation", "inhale", "laugh", "laughing", "laughs",
    "laughter", "lip_smack", "lipsmack", "music", "no_speech", "noise", "noises", "sigh", "sil",
    "silence", "smack", "sneeze", "sniff", "spoken_noise", "throat", "vocalized_noise",
    "%hesitation", "!sil", "<s>", "</s>",
)
# fmt: on
"""Marks of noises in the transcripts of Switchboard, Fisher, TED-LIUM, Babel, GigaSpeech, CHiME."""


class Splits(Settings):
    """Which split is used for what."""

    train: Name = "train"
    """Training split."""
    dev: Name = "dev"
    """Development split. Decoding weights, lambdas and models are chosen on it."""
    test: tuple[Name, ...] = Field(default=("test",), min_length=1)
    """Test splits, used only for the tables. The first one is the main one."""
    more: tuple[Name, ...] = Field(default=(), exclude_if=lambda value: not value)
    """Further training splits, for the step `adapt`. They may share speakers with `train`."""

    @property
    def all(self) -> tuple[str, ...]:
        """All splits, the training split first."""
        return (self.train, self.dev, *self.test, *self.more)

    def only(self, names: Collection[str]) -> "Splits":
        """Return only the splits in `names`, for a part of the corpus that has just these."""
        return _SomeSplits.model_construct(**dict(self), names=frozenset(names))

    @property
    def scored(self) -> tuple[str, ...]:
        """The splits that are decoded."""
        return (self.dev, *self.test)

    @model_validator(mode="after")
    def _names_differ(self) -> "Splits":
        if len(set(self.all)) < len(self.all) or "corpus" in self.all:
            raise ValueError("the splits need names of their own, none of them `corpus`")
        return self


class _SomeSplits(Splits):
    """The splits of one part of the corpus."""

    names: frozenset[str] = frozenset()

    @property
    def all(self) -> tuple[str, ...]:
        """The part's splits, the training split first if it has one."""
        return tuple(split for split in super().all if split in self.names)


class Text(Settings):
    """How transcripts and language model text are normalised. All text is in Unicode's NFC form."""

    alphabet: str = Field(default="abcdefghijklmnopqrstuvwxyz'", min_length=1)
    """The characters that words may have. The space between words and CTC's blank are added."""
    case: Literal["lower", "upper", "keep"] = "lower"
    """Case to which letters are converted before the alphabet is applied."""
    language: Language | None = None
    """Language whose rules of upper and lower case are used. For example, with `tr` and `az`, I is
    the capital of the dotless i. By default it is the language of the recipe's phones."""
    strip: str = '.,;:!?"()[]{}-'
    """Characters that are replaced by a space."""
    words: Literal["spaces", "characters"] = Field(
        default="spaces", exclude_if=lambda value: value == "spaces"
    )
    """How text is divided into words. `spaces`: at spaces. `characters`: each character is a word,
    for text that is written without spaces. Tables then show the character error rate (CER) instead
    of the WER."""
    unspoken: tuple[str, ...] = UNSPOKEN
    """Marks of what is not spoken; they are removed from text. A name is removed in brackets of any
    kind: `noise` stands for `[noise]`, `<NOISE>`, `{noise}` and `(noise)`. Write any other mark in
    full: `%hesitation`, `(( ))`, or `[*]` for everything in such brackets. A list replaces the
    default."""
    brackets: Literal["refused", "words"] = "refused"
    """What to do with text in `[ ]`, `{ }`, `< >` or `(( ))` that is not in `unspoken`. `refused`:
    the validator reports it as an error. `words`: it was spoken, and only the brackets are
    removed."""
    numbers: Language | None = None
    """Language in which numbers in digits are spelled out: with `en`, `3` becomes three. By default
    digits stay, and the validator refuses those that are not in the alphabet. It needs the package
    num2words (`scripts/setup.sh numbers`)."""
    signs: dict[str, str] = {}
    """Words that replace signs, such as {"%": percent, "$": dollars}. The name of a currency is
    written after the amount."""
    edge_apostrophes: Literal["kept", "dropped"] = "kept"
    """Whether an apostrophe at the start or end of a word ('tis) is kept. A pair of them around a
    word counts as quotation marks and is always removed."""

    @field_validator("alphabet")
    @classmethod
    def _alphabet_can_be_read(cls, alphabet: str) -> str:
        if any(character.isspace() for character in alphabet):
            raise ValueError("the alphabet holds a space: remove it, the space is added")
        if odd := letters.unseen(alphabet):
            raise ValueError(
                f"the alphabet holds {letters.named(odd[0])}, which cannot be seen: remove it"
            )
        return letters.alphabet_of(alphabet)

    @field_validator("strip")
    @classmethod
    def _in_the_form_of_text(cls, strip: str) -> str:
        return letters.composed(strip)

    @field_validator("unspoken")
    @classmethod
    def _marks_are_marks(cls, unspoken: tuple[str, ...]) -> tuple[str, ...]:
        if any(not mark.strip() for mark in unspoken):
            raise ValueError("text.unspoken holds an empty mark: remove it")
        return unspoken

    @field_validator("signs")
    @classmethod
    def _signs_are_seen(cls, signs: dict[str, str]) -> dict[str, str]:
        if any(not sign.strip() for sign in signs):
            raise ValueError("text.signs holds an empty sign: remove it")
        return signs

    @model_validator(mode="after")
    def _alphabet_is_reachable(self) -> "Text":
        if self.case == "keep":
            return self
        dotted = [one for one in letters.DOTTED_LETTERS if one in self.alphabet]
        if dotted and not letters.has_dotted_i(self.language):
            raise ValueError(
                f"the alphabet has {letters.named(dotted[0])}, and I is the capital of dotless i "
                "in some languages alone: set text.language (tr, az, ...), or text.case: keep"
            )
        if wrong := [one for one in self.alphabet if self.in_case(one) != one]:
            raise ValueError(
                f"the alphabet is not in {self.case} case ({letters.named(wrong[0])}): correct it "
                "or set case"
            )
        return self

    def in_case(self, text: str) -> str:
        """Return text in NFC, converted to the case of the alphabet."""
        if self.case == "keep":
            return letters.composed(text)
        if self.case == "lower":
            return letters.lower(text, self.language)
        text = text.replace("ß", "ẞ") if "ẞ" in self.alphabet else text
        return letters.upper(text, self.language)

    @model_serializer(mode="wrap")
    def _younger_keys_where_given(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Omit newer keys at their defaults, so that the data of older recipes keep their names."""
        younger = ("language", "unspoken", "brackets", "edge_apostrophes", "numbers", "signs")
        fields = type(self).model_fields
        same = {name for name in younger if getattr(self, name) == fields[name].default}
        return {name: value for name, value in handler(self).items() if name not in same}


Corpus = Annotated[AnyOne | SeveralCorpora, Field(discriminator="source")]


def own_files(corpus: Corpus, folder: Path) -> list[Path]:
    """Return the files in a recipe's folder that its corpus is made from: grammars.

    Errors: `UserError` if one does not exist.
    """
    if isinstance(corpus, SeveralCorpora):
        found = (own_files(part.corpus, folder) for part in corpus.parts.values())
        return list(dict.fromkeys(path for some in found for path in some))
    if not isinstance(corpus, VoiceSearchCorpus):
        return []
    paths = [folder / name for name in corpus.own_grammars()]
    for path in paths:
        if not path.is_file():
            raise UserError(
                f"{path} does not exist: write it, or correct the recipe's corpus.grammar"
            )
    return paths


def that_speaks(corpus: Corpus) -> VoiceSearchCorpus | None:
    """Return the synthetic corpus: the corpus itself, or its first synthetic part; else None."""
    if isinstance(corpus, VoiceSearchCorpus):
        return corpus
    parts = corpus.parts.values() if isinstance(corpus, SeveralCorpora) else ()
    return next((p.corpus for p in parts if isinstance(p.corpus, VoiceSearchCorpus)), None)


def makes_audio(corpus: Corpus) -> bool:
    """Tell whether the corpus step writes audio files.

    If it does, the paths of these files in cuts are relative to the folder of the cuts. Recordings
    that it only reads then have absolute paths. If it writes no audio, the paths of recordings are
    relative to the corpus folder.
    """
    if isinstance(corpus, RecordedCorpus) and corpus.multi_style is not None:
        return True
    return isinstance(corpus, VoiceSearchCorpus | WsjCorpus | SeveralCorpora)
