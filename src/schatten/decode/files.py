"""What a search reads, and the search that reads it: over a lexicon, open, or of a graph."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from schatten.decode.logprobs import Frames
from schatten.decode.open_search import OpenSearch
from schatten.decode.search import LexiconSearch
from schatten.decode.weights import Weights
from schatten.recipe.decoding import Decoding
from schatten.units import Units


class Decoder(Protocol):
    """Finds the words of utterances."""

    def words(self, values: Frames) -> list[str]:
        """Return the best words of (frames, units) log-probabilities."""


class Search(Protocol):
    """What is loaded once and searched with any weights."""

    def decoder(self, weights: Weights) -> Decoder:
        """Return a decoder with these weights."""


@dataclass(frozen=True)
class SearchFiles:
    """What the beam search reads."""

    lm: Path
    lexicon: Path | None
    """None for the open search, whose language model is one of characters."""

    def search(self, units: Units, settings: Decoding) -> LexiconSearch | OpenSearch:
        """Load the files for an acoustic model with these units."""
        if self.lexicon is None:
            return OpenSearch(self.lm, units, settings)
        return LexiconSearch(self.lexicon, self.lm, units, settings)


@dataclass(frozen=True)
class GraphFiles:
    """What the search of a decoding graph reads."""

    graph: Path
    rescoring_lm: Path | None
    """Takes the place of the graph's language model in its lattices, where given."""

    def search(self, units: Units, settings: Decoding) -> Search:
        """Load the files for an acoustic model with these units."""
        from schatten.decode.wfst.graph import read_graph
        from schatten.decode.wfst.search import GraphSearch

        graph = read_graph(self.graph)
        graph.require_units(units, self.graph)
        return GraphSearch(graph, settings.wfst, self.rescoring_lm)
