"""The recipe's `language_models`, `decoding` and `tables`."""

from typing import Literal

from pydantic import Field, model_validator

from schatten.recipe.base import (
    Beam,
    BeamThreshold,
    Name,
    NotNegative,
    Positive,
    PositiveFloat,
    Settings,
    Share,
)


class Prune(Settings):
    """Entropy pruning (Stolcke, 1998) to one of: a threshold, a number of n-grams, a size."""

    threshold: PositiveFloat | None = None
    """Relative increase of perplexity below which an n-gram goes (SRILM's -prune)."""
    ngrams: Positive | None = None
    """N-grams left, all orders together, at most."""
    megabytes: PositiveFloat | None = None
    """Size of the binary model in MB (10^6 bytes), at most."""
    history: Literal["own", "witten_bell"] = "own"
    """What says how often a history comes up: the model itself, as SRILM's -prune does, or a
    Witten-Bell model of the same text, as for its -prune-history-lm: better after Kneser-Ney."""

    @model_validator(mode="after")
    def _one_goal(self) -> "Prune":
        if sum(goal is not None for goal in (self.threshold, self.ngrams, self.megabytes)) != 1:
            raise ValueError("give exactly one of threshold, ngrams and megabytes")
        return self


class LanguageModel(Settings):
    """A back-off n-gram: estimated by KenLM's lmplz, entropy-pruned, stored as a KenLM trie."""

    decoder: Literal["lexicon", "open", "wfst"] = "lexicon"
    """`lexicon`: n-grams of words, searched through a lexicon of those words; `open`: n-grams of
    characters, searched without a lexicon, so that any word can come out; `wfst`: as `lexicon`,
    but one graph of CTC topology, lexicon and n-grams is searched (`decoding.wfst`)."""
    order: int = Field(default=5, ge=2, le=6)
    """Longest n-gram; KenLM stores 2 to 6."""
    text: Literal["corpus", "train"] = "corpus"
    """`corpus`: the corpus's language model text; `train`: the training transcripts alone."""
    count_cutoffs: tuple[int, ...] = (0,)
    """lmplz --prune: n-grams seen at most so often go, by order; the last holds for the rest."""
    discount_fallback: bool = False
    """For small or artificial text, where Kneser-Ney discounts cannot be estimated."""
    vocabulary: Positive | None = None
    """Only the so many most frequent words; all by default."""
    prune: Prune | None = None
    """Entropy pruning; none by default."""
    quantize_bits: int | None = Field(default=None, ge=2, le=16)
    """Bits for probabilities and back-off weights in the trie; 32-bit floats by default."""

    @model_validator(mode="after")
    def _characters_are_not_limited(self) -> "LanguageModel":
        if self.decoder == "open" and self.vocabulary is not None:
            raise ValueError("vocabulary: decoder `open` has no words to limit; remove one of them")
        return self

    @model_validator(mode="after")
    def _cutoffs_fit(self) -> "LanguageModel":
        cutoffs = self.count_cutoffs
        if not cutoffs or min(cutoffs) < 0 or list(cutoffs) != sorted(cutoffs):
            raise ValueError("count_cutoffs: give counts that do not fall, such as [0, 0, 1]")
        if len(cutoffs) > self.order:
            raise ValueError(f"count_cutoffs: give at most {self.order}, one per order")
        return self


class GraphSettings(Settings):
    """Search of a decoding graph: language models with `decoder: wfst`.

    Unlike the beam search it adds up no CTC paths of a word sequence, but takes the best.
    """

    first_pass: Name | None = None
    """Language model in the graph, whose lattices the column's model rescores; by default the
    column's own is in the graph, and nothing is rescored."""
    beam: PositiveFloat = 16.0
    """Paths worse than the best by this (natural log) go."""
    max_active: Positive = 10000
    """States kept, where nothing is rescored."""
    lattice_beam: PositiveFloat = 8.0
    """Paths in a lattice are at most so much worse than the best (natural log)."""


class Decoding(Settings):
    """Prefix beam search with the language model, over its lexicon or open.

    A word sequence W scores log P(W | audio) + lm_weight * log P(W) + word_bonus * words of W,
    in natural logs; in the open search the bonus goes to each frame that is a space.
    """

    beam: Beam = 200
    """Hypotheses kept; 10,000 at most."""
    beam_threshold: BeamThreshold = 25.0
    """Hypotheses worse than the best by this (natural log) go; 300 at most."""
    token_beam: Positive = 15
    """Units tried in a frame, the likeliest."""
    lm_weights: tuple[NotNegative, ...] = Field(default=(0.5, 0.8, 1.2, 1.6, 2.0), min_length=1)
    """Tried on dev."""
    word_bonuses: tuple[float, ...] = Field(default=(-1.0, 0.0, 1.0, 2.0), min_length=1)
    """Tried on dev; added per word, natural log."""
    wfst: GraphSettings = GraphSettings()
    """The search of graphs instead: its beams."""


class Tables(Settings):
    """What the tables and figures hold."""

    caption: str = ""
    """Stands above the table."""
    baseline: Name = "dense"
    """The system that the others are compared with."""
    margin: PositiveFloat = 1.5
    """A row is "not worse" when the upper end of the 95 % interval of its difference to the
    baseline is below this many points of WER."""
    relative_margin: Share = 0.05
    """The same by a share of the baseline's WER; drawn by speaker where speakers repeat."""
    tiers: dict[Name, Positive] = {}
    """Tiers by name: parameters at most; the model of the lowest CER on dev stands for each."""
    bundles: bool = False
    """Whether each model goes into a bundle for a device: int8, with the main language model of
    words; a table says their megabytes."""
    language_models: tuple[Name, ...] = ()
    """Columns; the first is the one compared with. All by default."""
    confidence: Share = 0.95
    """Of the intervals."""
    bootstrap_samples: Positive = 1000
    """Resamplings for the intervals."""
