"""Language models: their size and perplexity, `info.json`."""

from schatten.artifacts.base import Artifact


class Perplexity(Artifact):
    """Perplexity of a language model on held-out text, sentence ends counted.

    It is per word, or per character if the model is of characters.
    """

    perplexity: float
    """Perplexity over known words."""
    perplexity_with_oovs: float | None = None
    """Perplexity over all words."""
    oovs: int | None = None
    """Words that the model does not know."""
    tokens: int | None = None
    """Words and sentence ends."""


class LmInfo(Artifact):
    """Size of a language model; `info.json` in its folder."""

    ngrams: list[int]
    """Numbers of n-grams by order, 1-grams first."""
    bytes: dict[str, int]
    """Sizes of its files, `arpa.gz` and `bin`."""
    dev: Perplexity | None = None
    """Perplexity on dev; missing if there was no text of dev."""
    threshold: float | None = None
    """Threshold of pruning; None if none was needed, missing if the recipe does not prune."""
    ngrams_before_pruning: list[int] | None = None
    """Missing if the recipe does not prune."""

    @property
    def total(self) -> int:
        """N-grams of all orders."""
        return sum(self.ngrams)

    @property
    def megabytes(self) -> float:
        """Size of the binary model in 10^6 bytes."""
        return self.bytes["bin"] / 1e6
