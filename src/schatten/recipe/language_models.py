"""The recipe's `language_models`: n-gram models, with pruning and quantization."""

from typing import Literal

from pydantic import Field, model_validator

from schatten.recipe.base import Positive, PositiveFloat, Settings


class Prune(Settings):
    """Entropy pruning (Stolcke, 1998). Give exactly one of `threshold`, `ngrams`, `megabytes`."""

    threshold: PositiveFloat | None = None
    """An n-gram is removed if perplexity then increases by less than this share (SRILM's
    -prune)."""
    ngrams: Positive | None = None
    """Largest number of n-grams, of all orders together."""
    megabytes: PositiveFloat | None = None
    """Largest size of the binary model in MB (10^6 bytes)."""
    history: Literal["own", "witten_bell"] = "own"
    """Model that gives the probabilities of histories. `own`: the model itself, as in SRILM's
    -prune. `witten_bell`: a Witten-Bell model of the same text, as in SRILM's -prune-history-lm.
    The latter is better after Kneser-Ney smoothing."""

    @model_validator(mode="after")
    def _one_goal(self) -> "Prune":
        if sum(goal is not None for goal in (self.threshold, self.ngrams, self.megabytes)) != 1:
            raise ValueError("give exactly one of threshold, ngrams and megabytes")
        return self


class LanguageModel(Settings):
    """A back-off n-gram: estimated by KenLM's lmplz, entropy-pruned, stored as a KenLM trie."""

    decoder: Literal["lexicon", "open", "wfst"] = "lexicon"
    """`lexicon`: n-grams of words; the search finds the words of a lexicon. `open`: n-grams of
    characters; the search has no lexicon, so it can output any word. `wfst`: as `lexicon`, but the
    search runs on one graph of CTC topology, lexicon and n-grams (`decoding.wfst`)."""
    order: int = Field(default=5, ge=2, le=6)
    """Length of the longest n-grams; KenLM stores 2 to 6."""
    text: Literal["corpus", "train"] = "corpus"
    """Text to learn from. `corpus`: the corpus's language model text. `train`: only the training
    transcripts."""
    count_cutoffs: tuple[int, ...] = (0,)
    """Counts for each order (lmplz --prune): n-grams that occur at most this often are removed. The
    last count holds for all higher orders."""
    discount_fallback: bool = False
    """Use KenLM's default discounts where Kneser-Ney discounts cannot be estimated, as for small or
    artificial text."""
    vocabulary: Positive | None = None
    """Number of words to keep, the most frequent first; all by default."""
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
