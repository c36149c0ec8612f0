"""What a beam search reads, and the search that reads it: over a lexicon, or open."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from schatten.decode.open_search import OpenSearch
from schatten.decode.search import LexiconSearch
from schatten.recipe.decoding import Decoding


@dataclass(frozen=True)
class SearchFiles:
    """What the beam search reads."""

    lm: Path
    lexicon: Path | None
    """None for the open search, whose language model is one of characters."""

    def search(self, units: Sequence[str], settings: Decoding) -> LexiconSearch | OpenSearch:
        """Load the files for an acoustic model with these units."""
        if self.lexicon is None:
            return OpenSearch(self.lm, units, settings)
        return LexiconSearch(self.lexicon, self.lm, units, settings)
