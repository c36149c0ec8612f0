"""What a model recognises in its training speech: the hypotheses that sequence training compares.

The language model is the unigrams of the split's transcripts. A better one has seen the transcripts
and would leave hardly a wrong hypothesis. `python -m schatten.train.recognition JOB` makes one
shard; JOB is a JSON file (a `Shard`).
"""

import json
import math
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from lhotse import CutSet
from lhotse.cut import Cut
from lhotse.dataset import SimpleCutSampler
from lhotse.dataset.collation import collate_features
from pydantic import BaseModel

from schatten import models
from schatten.decode.acoustic import BATCH_SECONDS
from schatten.decode.logprobs import Frames
from schatten.decode.weights import Weights
from schatten.decode.wfst.graph import Graph, Symbols, read_graph, write_graph
from schatten.decode.wfst.lattice import WordLattice, shortest_paths
from schatten.decode.wfst.search import GraphDecoder
from schatten.errors import UserError
from schatten.features.store import read_features
from schatten.fst import Fst, fst_of
from schatten.recipe.decoding import GraphSettings
from schatten.recipe.steps import Recognition
from schatten.recipe.steps import Sequence as SequenceStep
from schatten.runtime.files import digest, read_jsonl, remove, sha256, write_jsonl, write_text
from schatten.runtime.launch import run_module
from schatten.runtime.process import die_with_parent, locked
from schatten.train.data import part_of
from schatten.units.lattices import edits
from schatten.units.spelled import SpelledUnits

SHARD = 400
"""Utterances of a shard: some seconds of work, so that a killed run loses little."""

_MOST_STATES = 5000
"""States of a lattice; where there would be more, beams are narrowed. Without a limit a model that
was trained in minutes took more than a minute for some sentences of another domain."""
_SHARES = (1.0, 0.5, 0.25, 0.1)


class Shard(BaseModel):
    """A run of utterances; paths are absolute, or relative to the process's folder."""

    model: Path
    cuts: Path
    """Cuts of the training split, with features."""
    graph: Path
    """Decoding graph over the unigrams."""
    unigrams: dict[str, float]
    """Log-probability of each word."""
    how: dict[str, Any]
    """A `Recognition`."""
    parts: tuple[int, int]
    """How many parts of the split are recognised, and how many there are."""
    first: int
    """Number of the first utterance of those parts, from 0."""
    count: int
    """How many utterances it takes from there; the last shard has fewer."""
    output: Path
    """`NAME.jsonl`, written last."""


@dataclass(frozen=True)
class Found:
    """How good the hypotheses of a split are."""

    utterances: int
    words: int
    """Words of the references."""
    best_errors: int
    """Word errors of the best hypotheses."""
    oracle_errors: int
    """Word errors of the best ones in the lists."""
    arcs: float
    """Median of the words in a lattice."""
    seconds: float
    """CPU time of lattices and lists, acoustic model not counted."""

    def __str__(self) -> str:
        """Say it in a line."""
        best, oracle = (100 * one / max(1, self.words) for one in self._errors)
        each = 1000 * self.seconds / max(1, self.utterances)
        return (
            f"{self.utterances} utterances: WER {best:.2f} % of the best hypotheses, "
            f"{oracle:.2f} % of the best in the lists; {self.arcs:g} words in a lattice (median); "
            f"lattice and list {each:.1f} ms an utterance"
        )

    @property
    def _errors(self) -> tuple[int, int]:
        return self.best_errors, self.oracle_errors


def recognise(
    model: Path,
    cuts: Path,
    spelled: SpelledUnits,
    how: Recognition,
    parts: tuple[int, int],
    output: Path,
    *,
    jobs: int = 1,
    tasks: int = 1,
) -> Found:
    """Write the hypotheses of a training split, as JSON lines: a head, then a line an utterance.

    `jobs` shards are made at a time, in each of a Slurm job's `tasks`; no byte depends on either.
    Shards that a killed run has finished are not made again.

    Errors: `UserError` for a model of other units, and for a split without words.
    """
    _require_units(model, spelled)
    counts, number = Counter[str](), 0
    for cut in _chosen(read_features(cuts), parts):
        counts.update(_text(cut).split())
        number += 1
    if not counts:
        raise UserError(f"{cuts} has no utterance with words: nothing can be recognised in it")
    unigrams, end = _unigrams(counts, number)
    made_by = SequenceStep.hypotheses_result_version, torch.__version__, SHARD
    given = sha256(model), sha256(cuts), spelled.units.stored(), how.model_dump(), parts
    key = digest([*given, *made_by])
    work = output.with_name(f".{output.name.partition('.')[0]}-{key}")
    common: dict[str, Any] = {"model": model, "cuts": cuts, "graph": work / "graph.fst"}
    common |= {"parts": parts, "unigrams": unigrams, "how": how.model_dump()}
    shards = [
        Shard(first=first, count=SHARD, output=work / f"{first:09d}.jsonl", **common)
        for first in range(0, number, SHARD)
    ]
    with locked(work):
        if not (work / "graph.fst").is_file():
            symbols = _symbols(sorted(unigrams), spelled)
            write_graph(work / "graph.fst", symbols, _grammar(symbols, unigrams, end))
        _make(shards, jobs * tasks, tasks)
        rows = [row for shard in shards for row in read_jsonl(shard.output)]
        found = _found(rows)
        head = {"log_probabilities": unigrams, "units": spelled.units.stored()}
        write_jsonl(output, [head, *map(_kept, rows)])
        remove(work)
    return found


def _require_units(model: Path, spelled: SpelledUnits) -> None:
    if models.load(model).units != spelled.units:
        raise UserError(f"{model} writes other units than --units: give those it was trained with")


def _kept(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("id", "best", "start", "arcs", "finals")}


def _text(cut: Cut) -> str:
    return str(cut.supervisions[0].text)


def _chosen(cuts: Iterable[Cut], parts: tuple[int, int]) -> Iterator[Cut]:
    """Yield the utterances of the first parts of a split."""
    used, count = parts
    return (cut for cut in cuts if part_of(count, cut) < used)


def _unigrams(counts: Counter[str], sentences: int) -> tuple[dict[str, float], float]:
    """Return the log-probability of each word, and that of a sentence's end."""
    total = sum(counts.values()) + sentences
    found = {word: math.log(count / total) for word, count in counts.items()}
    return found, math.log(sentences / total)


def _symbols(words: Sequence[str], spelled: SpelledUnits) -> Symbols:
    entries = [
        (label, tuple(unit + 1 for unit in spelling))
        for label, word in enumerate(words, start=1)
        for spelling in spelled.spelled(word)
    ]
    return Symbols(spelled.units, tuple(words), tuple(dict.fromkeys(entries)))


def _grammar(symbols: Symbols, unigrams: dict[str, float], end: float) -> Fst:
    """Return the unigrams as an acceptor of one state."""
    labels = np.arange(1, len(symbols.words) + 1)
    nowhere = np.zeros_like(labels)
    costs = np.array([-unigrams[word] for word in symbols.words])
    return fst_of(0, np.array([-end]), (nowhere, nowhere, labels, labels), costs)


def _make(shards: Sequence[Shard], workers: int, tasks: int) -> None:
    """Make the missing shards: one after the other in this process, or several at a time."""
    missing = [shard for shard in shards if not shard.output.is_file()]
    if workers == 1 or len(missing) <= 1:
        for shard in missing:
            recognise_shard(shard)
        return
    with ThreadPoolExecutor(workers) as pool:
        for future in [pool.submit(_make_apart, shard, tasks) for shard in missing]:
            future.result()


def _make_apart(shard: Shard, tasks: int) -> None:
    job = shard.output.with_suffix(".json")
    write_text(job, shard.model_dump_json())
    result = run_module("schatten.train.recognition", str(job), tasks=tasks)
    if result.returncode:
        lines = result.stderr.strip().splitlines() or [f"it ended with {result.returncode}"]
        raise UserError(lines[-1].removeprefix("schatten: "))


def recognise_shard(shard: Shard) -> None:
    """Write the hypotheses of a shard's utterances.

    Errors: `UserError` for a model whose log-probabilities are no numbers.
    """
    torch.set_num_threads(1)
    how = Recognition.model_validate(shard.how)
    graph = read_graph(shard.graph)
    decoders = _decoders(graph, how)
    costs = np.array([0.0, *(-how.lm_weight * shard.unigrams[word] for word in graph.words)])
    acoustic = models.load(shard.model)
    chosen = _chosen(read_features(shard.cuts), shard.parts)
    cuts = CutSet.from_cuts(islice(chosen, shard.first, shard.first + shard.count))
    rows: dict[str, dict[str, Any]] = {}
    for batch in SimpleCutSampler(cuts, max_duration=BATCH_SECONDS, rank=0, world_size=1):
        with torch.inference_mode():
            log_probs, lengths = acoustic(*collate_features(batch))
        for cut, one, length in zip(batch, log_probs, lengths, strict=True):
            values = one[:length].numpy()
            if np.isnan(values).any():
                raise UserError(
                    f"{shard.model} finds log-probabilities that are no numbers in {cut.id}, so "
                    "its training went wrong: train it again, with a lower learning rate"
                )
            start = time.process_time()
            lattice = _lattice(decoders, values)
            row = _row(lattice, graph.words, costs, how.hypotheses)
            seconds = time.process_time() - start
            rows[cut.id] = {"id": cut.id, "text": _text(cut), "seconds": seconds, **row}
    write_jsonl(shard.output, rows.values(), lasting=False)


def _decoders(graph: Graph, how: Recognition) -> list[GraphDecoder]:
    """Return the decoder of the recipe's beams, and others of narrower and narrower ones."""
    weights = Weights(lm_weight=how.lm_weight, word_bonus=0.0)
    beams = [(how.beam * share, how.lattice_beam * share) for share in _SHARES]
    return [GraphDecoder(graph, GraphSettings(beam=a, lattice_beam=b), weights) for a, b in beams]


def _lattice(decoders: Sequence[GraphDecoder], values: Frames) -> WordLattice:
    """Return the lattice of the widest beams that give a small one; an empty one after all."""
    for decoder in decoders:
        lattice = decoder.small_lattice(values, _MOST_STATES)
        if lattice is not None:
            return lattice
    return WordLattice.empty()


def _row(lattice: WordLattice, words: Sequence[str], costs: Any, count: int) -> dict[str, Any]:
    """Return the best hypotheses by acoustic and language model, and the lattice's words."""
    fst = lattice.fst
    if fst.start < 0:
        return {"best": [], "start": 0, "arcs": [], "finals": []}
    scored = replace(fst, cost=(fst.cost + costs[fst.olabel]).astype(np.float32))
    best = [" ".join(words[x - 1] for x in path.labels) for path in shortest_paths(scored, count)]
    arcs = zip(fst.source.tolist(), fst.target.tolist(), fst.olabel.tolist(), strict=True)
    return {
        "best": best,
        "start": fst.start,
        "arcs": [(source, target, words[label - 1]) for source, target, label in arcs],
        "finals": np.flatnonzero(np.isfinite(fst.final)).tolist(),
    }


def _found(rows: Sequence[dict[str, Any]]) -> Found:
    words = best = oracle = 0
    for row in rows:
        reference = row["text"].split()
        errors = [edits(one.split(), reference) for one in row["best"]] or [len(reference)]
        words, best, oracle = words + len(reference), best + errors[0], oracle + min(errors)
    arcs = median(len(row["arcs"]) for row in rows)
    return Found(len(rows), words, best, oracle, arcs, sum(row["seconds"] for row in rows))


def main() -> None:
    """Make the shard of the command line's job."""
    die_with_parent()
    try:
        recognise_shard(Shard.model_validate(json.loads(Path(sys.argv[1]).read_text("utf-8"))))
    except UserError as error:
        sys.exit(f"schatten: {error}")


if __name__ == "__main__":
    main()
