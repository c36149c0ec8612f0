"""The recipe's settings of the synthetic corpus `voicesearch_like`."""

from itertools import combinations
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from schatten.recipe.base import Name, Positive, PositiveFloat, Settings
from schatten.recipe.styles import Noise, Range, Reverberation, VocalTract

GRAMMAR_SUFFIXES = (".grammar", ".jsgf")
OwnGrammar = Annotated[str, StringConstraints(pattern=r"^[^/\\][^\\]*\.(grammar|jsgf)$")]
"""Path of a file of rules, relative to the recipe's folder."""

ACCENTS = ("en-us", "en-us-nyc", "en", "en-gb-x-rp", "en-gb-x-gbclan", "en-029")
"""espeak-ng's English accents that are used for training by default."""
# fmt: off
TRAIN_VARIANTS = (
    "m1", "m4", "m7", "m8", "f1", "f4", "Andy", "Annie", "adam", "anika", "antonio", "caleb",
    "david", "ed", "Gene", "grandma", "grandpa", "gustave", "Henrique", "Diogo", "Hugo", "ian",
    "iven", "iven3", "Jacky", "klatt3", "klatt4", "klatt5", "marcelo", "miguel", "Nguyen",
    "norbert", "pablo", "paul", "Reed", "sandro", "shelby", "steph", "steph3", "travis",
)
# fmt: on
DEV_VARIANTS = ("m6", "f5", "Mike", "edward", "Storm", "belinda", "michel", "Denis")
TEST_VARIANTS = (
    *("m3", "m5", "f2", "linda", "Alex"),
    *("robert", "quincy", "benjamin", "boris", "aunty"),
)
ACCENT_VARIANTS = ("m2", "f3", "john", "max", "Andrea", "Mario")


Grammar = Literal["voice_search", "commands", "dictation"] | OwnGrammar


def _is_none(value: object) -> bool:
    return value is None


class SpokenSplit(Settings):
    """A split of synthetic speech: number of utterances, and voices.

    A voice is an accent combined with a variant.
    """

    utterances: Positive
    """Number of sentences to draw."""
    accents: tuple[str, ...] = Field(default=ACCENTS, min_length=1)
    """Accents: espeak-ng's languages, as `espeak-ng --voices=en` lists them."""
    variants: tuple[Name, ...] = Field(min_length=1)
    """Voice variants of espeak-ng (files in its `voices/!v`)."""
    copies: Positive = 1
    """How often each utterance is used, each time with its own noise and room."""
    grammar: Grammar | None = Field(default=None, exclude_if=_is_none)
    """Grammar of its sentences; by default that of the corpus."""
    max_words: Positive | None = Field(default=None, exclude_if=_is_none)
    """Longest sentence in words, instead of the corpus's `max_words`. Longer ones are drawn
    again."""
    vocal_tract: VocalTract = Range(low=1.0, high=1.0)
    """Factor on formants and pitch of the voice, from 0.7 to 1.4. Above 1 it sounds like a shorter
    vocal tract, below 1 like a longer one. A wide range makes many voices of a few."""

    @property
    def voices(self) -> tuple[str, ...]:
        """Names of the voices, such as `en-us+f1`."""
        return tuple(f"{accent}+{variant}" for accent in self.accents for variant in self.variants)


class VoiceSearchCorpus(Settings):
    """Sentences from a grammar, spoken by espeak-ng, with noise and reverberation."""

    source: Literal["voicesearch_like"]
    seed: int = 1
    """Seed of all random draws."""
    grammar: Grammar = "voice_search"
    """Grammar of the sentences. `voice_search`: queries with some 6,000 words. `commands`: a few
    dozen words, for quick trials. `dictation`: messages, e-mails and notes, with longer sentences
    and other words. Or a file of rules in the recipe's folder, `NAME.grammar` or `NAME.jsgf`, in
    any language. Its words must be in the letters of `text.alphabet` (docs/how_to/commands.md)."""
    sentences: Literal["apart", "shared"] = Field(
        default="apart", exclude_if=lambda value: value == "apart"
    )
    """`apart`: dev and test have sentences that neither training nor the language model has.
    `shared`: training and the language model have all sentences, for lists of commands that are too
    short to divide. Voices are apart in both cases."""
    max_words: Positive = 14
    """Longest sentence in words. Longer ones are drawn again."""
    lm_sentences: int = Field(default=450_000, ge=0)
    """Number of sentences of language model text, besides the training transcripts."""
    more_lm_sentences: int = Field(default=0, ge=0, exclude_if=lambda count: not count)
    """The same number for each further grammar that a split of `more` has."""
    speaking_rate: Range = Range(low=105.0, high=150.0)
    """espeak-ng's speaking rate in words per minute. These short words come out about 20 %
    faster."""
    pitch: Range = Range(low=35.0, high=65.0)
    """espeak-ng's pitch, from 0 to 99; 50 is the normal pitch of the voice."""
    level: Range = Range(low=-32.0, high=-20.0)
    """Level (RMS) of the active speech in dB of full scale."""
    margin: Range = Range(low=0.1, high=0.3)
    """Time before and after the speech in s."""
    block: Positive = 200
    """Number of utterances that one process speaks. The audio depends on it, because espeak-ng's
    noise does, so it belongs to the corpus."""
    train: SpokenSplit = SpokenSplit(utterances=6000, variants=TRAIN_VARIANTS)
    """Training split."""
    dev: SpokenSplit = SpokenSplit(utterances=300, variants=DEV_VARIANTS)
    """Development split, for choices."""
    test: SpokenSplit = SpokenSplit(utterances=1000, variants=TEST_VARIANTS)
    """Test split, with voices that are not in the training split."""
    test_accent: SpokenSplit = SpokenSplit(
        utterances=300, accents=("en-gb-scotland",), variants=ACCENT_VARIANTS
    )
    """Test split, with other voices and an accent that is not in the training split."""
    more: dict[Name, SpokenSplit] = Field(default={}, exclude_if=lambda splits: not splits)
    """Further splits by name: speech for adaptation, and test splits for it. A split with voices of
    `train` is training speech. All other splits have voices of their own."""
    noise: Noise = Noise()
    """Additive noise."""
    reverberation: Reverberation = Reverberation()
    """Reverberation of rooms."""
    noise_floor: PositiveFloat = 80.0
    """Level of the microphone's white noise, which every utterance has, in dB below full scale."""

    def grammar_of(self, split: str) -> str:
        """Return the grammar of a split."""
        return self.spoken[split].grammar or self.grammar

    def own_grammars(self) -> list[str]:
        """Return the names of the grammars that are files in the recipe's folder, each once."""
        names = [self.grammar, *(one.grammar for one in self.more.values() if one.grammar)]
        return [name for name in dict.fromkeys(names) if name.endswith(GRAMMAR_SUFFIXES)]

    def is_training(self, split: str) -> bool:
        """Whether a split is training speech: `train`, or a further split with its voices."""
        own = set(self.spoken[split].voices)
        return split == "train" or (split in self.more and bool(own & set(self.train.voices)))

    def has_own_sentences(self, split: str) -> bool:
        """Whether the sentences of a split are in no other split, and not in the text."""
        return self.sentences == "apart" and not self.is_training(split)

    @property
    def _fixed(self) -> dict[str, SpokenSplit]:
        return {
            "train": self.train,
            "dev": self.dev,
            "test": self.test,
            "test_accent": self.test_accent,
        }

    @property
    def spoken(self) -> dict[str, SpokenSplit]:
        """The splits by name."""
        return {**self._fixed, **self.more}

    @model_validator(mode="after")
    def _splits_share_no_voice(self) -> "VoiceSearchCorpus":
        if twice := sorted(self._fixed.keys() & self.more.keys()):
            raise ValueError(f"more.{twice[0]}: {twice[0]} has a key of its own; take another name")
        for (one, first), (other, second) in combinations(self.spoken.items(), 2):
            if self.is_training(one) and self.is_training(other):
                continue
            shared = sorted(set(first.voices) & set(second.voices))
            if shared:
                raise ValueError(f"{one} and {other} share the voice {shared[0]}: change one")
        heard = sorted(set(self.train.accents) & set(self.test_accent.accents))
        if heard:
            raise ValueError(f"test_accent: train speaks {heard[0]} too; give an unheard accent")
        return self
