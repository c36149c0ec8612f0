"""A program that searches a graph with k2: `PYTHON k2_program.py TASK.npz WORDS.json`.

k2 comes as binaries for certain releases of Python and PyTorch, which need not be schatten's. So
this file imports nothing of schatten, runs on Python 3.9 too, and `k2_search` starts it with a
Python that has k2. The task holds a graph (columns of its arcs, `final`, `start`),
log-probabilities (`values`, frames times units, all utterances in a row; `lengths`) and beams.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import k2
import numpy as np
import torch

_TOGETHER = 16
"""Utterances searched at once."""
_MIN_ACTIVE = 30
_IMPOSSIBLE = -1e4


def to_fsa(graph: Any) -> Any:
    """Return a `k2.Fsa` without epsilons: labels are units' indices, `aux_labels` words.

    k2 wants the start first, one final state, the last, and a unit on every arc.
    """
    final, start = graph["final"], int(graph["start"])
    order = np.arange(len(final))
    order[[0, start]] = order[[start, 0]]
    ends = np.flatnonzero(np.isfinite(final))
    source = np.concatenate((order[graph["source"]], order[ends]))
    target = np.concatenate((order[graph["target"]], np.full(len(ends), len(final))))
    label = np.concatenate((graph["ilabel"], np.full(len(ends), -1)))
    word = np.concatenate((graph["olabel"], np.full(len(ends), -1)))
    score = -np.concatenate((graph["cost"], final[ends])).astype(np.float32)
    by_source = np.argsort(source, kind="stable")
    columns = np.stack((source, target, label, score.view(np.int32)), axis=1)[by_source]
    found = k2.Fsa(torch.from_numpy(np.ascontiguousarray(columns.astype(np.int32))))
    found.aux_labels = torch.from_numpy(word[by_source].astype(np.int32))
    found = k2.arc_sort(k2.connect(k2.remove_epsilon(k2.connect(found))))
    found.labels = torch.where(found.labels > 0, found.labels - 1, found.labels)
    return found


def search(fsa: Any, batch: list[Any], beams: Any) -> list[tuple[list[int], float]]:
    """Return the words (labels) of each utterance's best path, and its score (natural log)."""
    order = sorted(range(len(batch)), key=lambda row: -len(batch[row]))
    lattices = k2.intersect_dense_pruned(
        fsa,
        _dense([batch[row] for row in order]),
        search_beam=float(beams["beam"]),
        output_beam=float(beams["lattice_beam"]),
        min_active_states=_MIN_ACTIVE,
        max_active_states=int(beams["max_active"]),
    )
    paths = k2.shortest_path(lattices, use_double_scores=True)
    scores = paths.get_tot_scores(use_double_scores=True, log_semiring=False).tolist()
    words = _written(paths)
    places = np.argsort(order)
    return [(words[place], scores[place]) for place in places]


def _dense(batch: list[Any]) -> Any:
    """Pad (frames, units) arrays, the longest first, to k2's form."""
    lengths = [len(values) for values in batch]
    padded = np.full((len(batch), max(lengths), batch[0].shape[1]), _IMPOSSIBLE, np.float32)
    for row, values in enumerate(batch):
        padded[row, : len(values)] = np.maximum(values, _IMPOSSIBLE)
    segments = torch.tensor([[row, 0, length] for row, length in enumerate(lengths)])
    return k2.DenseFsaVec(torch.from_numpy(padded), segments.to(torch.int32))


def _written(paths: Any) -> list[list[int]]:
    """Return the words of paths, one an utterance; an arc may write several."""
    labels = paths.aux_labels.remove_values_leq(0)
    shape = paths.arcs.shape().compose(labels.shape).remove_axis(1).remove_axis(1)
    found: list[list[int]] = k2.RaggedTensor(shape, labels.values).tolist()
    return found


def main(task: Path, output: Path) -> None:
    """Search what a task holds; write words and score of each utterance as JSON."""
    given = np.load(task)
    ends = np.cumsum(given["lengths"])
    utterances = np.split(given["values"], ends[:-1])
    spoken = [number for number, values in enumerate(utterances) if len(values)]
    found: list[Any] = [([], float("-inf"))] * len(utterances)
    fsa = to_fsa(given) if spoken else None
    for first in range(0, len(spoken), _TOGETHER):
        numbers = spoken[first : first + _TOGETHER]
        best = search(fsa, [utterances[number] for number in numbers], given)
        for place, number in enumerate(numbers):
            found[number] = best[place]
    output.write_text(json.dumps({"best": found}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
