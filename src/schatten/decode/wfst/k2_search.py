"""Searching a decoding graph with k2's `intersect_dense_pruned`, many utterances at once.

k2 need not be installed beside schatten: any Python that has it runs `k2_program.py`.
"""

import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

from schatten.decode.logprobs import LogProbs, read_logprobs
from schatten.decode.weights import Weights, read_weights
from schatten.decode.wfst.graph import Graph, read_graph
from schatten.decode.wfst.search import weighted
from schatten.errors import UserError
from schatten.recipe.decoding import GraphSettings
from schatten.runtime.files import read_json
from schatten.transcripts import write_hypotheses

_PROGRAM = Path(__file__).with_name("k2_program.py")
_COLUMNS = ("final", "source", "target", "ilabel", "olabel", "cost")


def decode(
    logprobs: Path,
    graph: Path,
    weights: Path,
    settings: GraphSettings,
    python: Path,
    output: Path,
) -> str:
    """Write the words of a graph's search by k2; return the speed in one line."""
    split, named = read_logprobs(logprobs), read_graph(graph)
    named.require_units(split.units, graph)
    start = time.perf_counter()
    found = best(split, named, settings, read_weights(weights), python)
    seconds = time.perf_counter() - start
    write_hypotheses(output, {name: words for name, (words, _) in found.items()})
    return (
        f"{len(split)} utterances, {split.seconds:.1f} s of audio decoded in {seconds:.2f} s by k2 "
        "(the start of its Python, and the graph's epsilons removed, included)"
    )


def best(
    split: LogProbs, graph: Graph, settings: GraphSettings, weights: Weights, python: Path
) -> dict[str, tuple[list[str], float]]:
    """Return the words of each utterance's best path, and its score (natural log).

    Errors: `UserError` if `python` cannot be run or has no k2.
    """
    fst = weighted(graph.fst, weights)
    with tempfile.TemporaryDirectory() as folder:
        task, words = Path(folder) / "task.npz", Path(folder) / "words.json"
        np.savez(
            task,
            start=fst.start,
            **{name: getattr(fst, name) for name in _COLUMNS},
            values=np.ascontiguousarray(split.values, np.float32),
            lengths=split.lengths,
            **settings.model_dump(include={"beam", "lattice_beam", "max_active"}),
        )
        _run([str(python), str(_PROGRAM), str(task), str(words)])
        found = read_json(words)["best"]
    return {
        name: (graph.words_of(labels), score)
        for name, (labels, score) in zip(split.ids, found, strict=True)
    }


def _run(command: list[str]) -> None:
    """Run k2's Python; if it fails, report its last line."""
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True)
    except OSError as error:
        raise UserError(f"{command[0]} cannot be run ({error}): see docs/decoding.md") from None
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"status {done.returncode}"]
        raise UserError(f"{command[0]} could not search by k2 ({said[-1]}): see docs/decoding.md")
