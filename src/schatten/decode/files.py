"""The files of a search, and the search that they make: over a lexicon, open, or of a graph."""

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
    """Files that are loaded once and searched with any weights."""

    def decoder(self, weights: Weights) -> Decoder:
        """Return a decoder with these weights."""


@dataclass(frozen=True)
class SearchFiles:
    """Files of the beam search."""

    lm: Path
    lexicon: Path | None
    """None for the open search, whose language model is of characters."""

    def search(self, units: Units, settings: Decoding) -> LexiconSearch | OpenSearch:
        """Load the files for an acoustic model with these units."""
        if self.lexicon is None:
            return OpenSearch(self.lm, units, settings)
        return LexiconSearch(self.lexicon, self.lm, units, settings)


@dataclass(frozen=True)
class GraphFiles:
    """Files of the search of a decoding graph."""

    graph: Path
    rescoring_lm: Path | None
    """If given, it replaces the graph's language model in the lattices."""

    def search(self, units: Units, settings: Decoding) -> Search:
        """Load the files for an acoustic model with these units."""
        from schatten.decode.wfst.graph import read_graph
        from schatten.decode.wfst.search import GraphSearch

        graph = read_graph(self.graph)
        graph.require_units(units, self.graph)
        return GraphSearch(graph, settings.wfst, self.rescoring_lm)
