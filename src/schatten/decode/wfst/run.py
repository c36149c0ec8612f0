"""Lattices, n-best lists and search errors of a split, from files to files."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from schatten.decode.exact import ExactScorer
from schatten.decode.files import SearchFiles
from schatten.decode.logprobs import Frames, LogProbs, read_logprobs
from schatten.decode.search_errors import DecoderErrors, find_search_errors
from schatten.decode.weights import read_weights
from schatten.decode.wfst.graph import read_graph
from schatten.decode.wfst.lattice import WordLattice
from schatten.decode.wfst.rescore import Rescorer
from schatten.decode.wfst.search import GraphDecoder
from schatten.errors import UserError
from schatten.recipe.decoding import Decoding, GraphSettings
from schatten.runtime.files import read_jsonl, write_jsonl, write_text
from schatten.transcripts import (
    read_hypotheses,
    read_references,
    require_same_utterances,
    write_hypotheses,
)


def write_lattices(
    logprobs: Path, graph: Path, weights: Path, settings: GraphSettings, output: Path
) -> str:
    """Write the word lattice of every utterance as JSON lines; return their size in one line."""
    split, named = read_logprobs(logprobs), read_graph(graph)
    named.require_units(split.units, graph)
    decoder = GraphDecoder(named, settings, read_weights(weights))
    rows, arcs = [], 0
    for utterance, values in split:
        lattice = decoder.lattice(values)
        arcs += lattice.fst.arcs
        rows.append({"id": utterance, **lattice.as_json(named.words)})
    write_jsonl(output, rows)
    return f"{len(rows)} lattices, {arcs / max(1, len(rows)):.1f} words each"


def write_nbest(
    lattices: Path, lm: Path, weights: Path, count: int, output: Path, best: Path | None
) -> None:
    """Write the best hypotheses of every lattice, and the words of the first one to `best`."""
    chosen = read_weights(weights)
    rows = read_jsonl(lattices)
    try:
        words = sorted({arc[2] for row in rows for arc in row["arcs"]})
        labels = {word: label for label, word in enumerate(words, start=1)}
        found = {row["id"]: WordLattice.from_json(row, labels) for row in rows}
    except (KeyError, TypeError, ValueError, IndexError):
        raise UserError(f"{lattices} holds no lattices: make it by `schatten lattices`") from None
    rescorer = Rescorer(lm, words, chosen)
    lists = {name: rescorer.nbest(lattice, count) for name, lattice in found.items()}
    lines = [
        {
            "id": name,
            "nbest": [{"words": each.words, "score": round(each.score, 4)} for each in hypotheses],
        }
        for name, hypotheses in lists.items()
    ]
    write_text(output, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines))
    if best is not None:
        firsts = {name: each[0].words if each else [] for name, each in lists.items()}
        write_hypotheses(best, firsts)


@dataclass(frozen=True)
class Reference:
    """A wide search whose hypotheses are scored exactly."""

    graph: Path
    lm: Path
    lexicon: Path
    weights: Path
    settings: GraphSettings
    count: int
    """Hypotheses of an utterance."""
    every: int = 1
    """Only every `every`-th utterance, sorted by id, is compared."""


def count_search_errors(
    reference: Reference,
    logprobs: Path,
    cuts: Path,
    settings: Decoding,
    beams: list[int],
    hypotheses: Mapping[str, Path],
    searches: Mapping[str, Path | None],
) -> list[DecoderErrors]:
    """Compare searches of a lexicon at some beams, and decoders' files, with a reference.

    `searches` gives their programs by name: the engine's decode_logprobs, or None for
    flashlight-text.
    """
    split, references = read_logprobs(logprobs), read_references(cuts)
    ids = [each.id for each in references]
    require_same_utterances(split.ids, logprobs, ids, cuts)
    weights = read_weights(reference.weights)
    split = _each(split, reference.every)
    references = [each for each in references if each.id in set(split.ids)]
    outputs: dict[str, Mapping[str, Sequence[str]]] = {}
    for name, path in hypotheses.items():
        outputs[name] = read_hypotheses(path)
        require_same_utterances(outputs[name], path, ids, cuts)
    for name, program in searches.items() if beams else ():
        files = SearchFiles(reference.lm, reference.lexicon, program)
        with files.opened(split, settings) as search:
            for beam in beams:
                outputs[f"{name}, beam {beam}"] = search.decode(weights, beam).words
    if not outputs:
        raise UserError("nothing to compare: give --beam or --hypotheses")
    scorer = ExactScorer(reference.lexicon, reference.lm, split.units, weights, "sum")
    return find_search_errors(split, references, outputs, _Candidates(reference, split), scorer)


def _each(split: LogProbs, every: int) -> LogProbs:
    """Return every `every`-th utterance, sorted by id."""
    values, ids = dict(split), sorted(split.ids)[::every]
    taken = [values[name] for name in ids]
    lengths = np.array([len(each) for each in taken])
    return replace(split, ids=ids, lengths=lengths, values=np.concatenate(taken))


class _Candidates:
    """The reference's hypotheses."""

    def __init__(self, reference: Reference, split: LogProbs) -> None:
        weights = read_weights(reference.weights)
        graph = read_graph(reference.graph)
        graph.require_units(split.units, reference.graph)
        self._count = reference.count
        self._decoder = GraphDecoder(graph, reference.settings, weights)
        self._rescorer = Rescorer(reference.lm, graph.words, weights)

    def __call__(self, values: Frames) -> list[list[str]]:
        lattice = self._decoder.lattice(values)
        return [each.words for each in self._rescorer.nbest(lattice, self._count)]
