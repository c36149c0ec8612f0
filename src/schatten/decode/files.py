"""The files of a search, and the search that they make: over a lexicon, open, or of a graph."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from schatten.decode.engine_search import EngineSearch
from schatten.decode.logprobs import Frames, LogProbs
from schatten.decode.open_search import OpenSearch
from schatten.decode.search import LexiconSearch
from schatten.decode.weights import Weights
from schatten.recipe.decoding import Decoding


class Found(Protocol):
    """What a search finds in a split."""

    @property
    def words(self) -> dict[str, list[str]]:
        """Words by utterance."""

    @property
    def seconds(self) -> float:
        """Time of decoding alone, of one thread."""


class Search(Protocol):
    """Files and a split's utterances, loaded once and searched with any weights."""

    def decode(self, weights: Weights, beam: int | None = None) -> Found:
        """Decode all utterances, with another beam than the recipe's if given."""


class Decoder(Protocol):
    """Finds the words of utterances, one at a time."""

    def words(self, values: Frames) -> list[str]:
        """Return the best words of (frames, units) log-probabilities."""


@dataclass(frozen=True)
class _Decoded:
    words: dict[str, list[str]]
    seconds: float


@dataclass(frozen=True)
class _HereSearch:
    """A search in this process."""

    split: LogProbs
    decoder: Callable[[Weights, int | None], Decoder]

    def decode(self, weights: Weights, beam: int | None = None) -> _Decoded:
        decoder = self.decoder(weights, beam)
        start = time.perf_counter()
        words = {name: decoder.words(values) for name, values in self.split}
        return _Decoded(words, time.perf_counter() - start)


@dataclass(frozen=True)
class SearchFiles:
    """Files of the beam search."""

    lm: Path
    lexicon: Path | None
    """None for the open search, whose language model is of characters."""
    program: Path | None = None
    """The engine's decode_logprobs, which searches a lexicon; None: flashlight-text searches it.
    The open search takes no notice of it."""

    def opened(self, split: LogProbs, settings: Decoding) -> AbstractContextManager[Search]:
        """Load the files, and the utterances of an acoustic model, until the context ends.

        Errors: `UserError` if the program cannot be run or refuses its files.
        """
        if self.lexicon is None:
            return nullcontext(
                _HereSearch(split, OpenSearch(self.lm, split.units, settings).decoder)
            )
        if self.program is None:
            search = LexiconSearch(self.lexicon, self.lm, split.units, settings)
            return nullcontext(_HereSearch(split, search.decoder))
        return EngineSearch(self.program, self.lexicon, self.lm, settings).opened(split)


@dataclass(frozen=True)
class GraphFiles:
    """Files of the search of a decoding graph."""

    graph: Path
    rescoring_lm: Path | None
    """If given, it replaces the graph's language model in the lattices."""

    def opened(self, split: LogProbs, settings: Decoding) -> AbstractContextManager[Search]:
        """Load the files for an acoustic model; its beams are those of `settings.wfst` alone."""
        from schatten.decode.wfst.graph import read_graph
        from schatten.decode.wfst.search import GraphSearch

        graph = read_graph(self.graph)
        graph.require_units(split.units, self.graph)
        search = GraphSearch(graph, settings.wfst, self.rescoring_lm)
        return nullcontext(_HereSearch(split, lambda weights, _: search.decoder(weights)))
