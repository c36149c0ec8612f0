"""Forced alignment: which state of a text's graph each frame of an utterance is in."""

import numpy as np
from numpy.typing import NDArray

from schatten.decode.logprobs import Frames
from schatten.units.graph import START, StateGraph

_IMPOSSIBLE = -1e30


def best_states(values: Frames, graph: StateGraph) -> NDArray[np.int64] | None:
    """Return the states (T,) of the likeliest path (Viterbi); None if no path has so many frames.

    `values` (T, V): log-probabilities. Of equal paths the one through earlier arcs is taken.
    """
    frames, states = len(values), len(graph)
    before = graph.table()
    emitted = np.maximum(values.astype(np.float64), _IMPOSSIBLE)[:, graph.units]
    scores = np.full(states + 2, -np.inf)
    scores[states] = 0.0  # before the first frame
    came = np.empty((frames, states), np.int64)
    rows = np.arange(states)
    for frame in range(frames):
        entering = scores[before]
        best = entering.argmax(1)
        came[frame] = before[rows, best]
        scores[:states] = entering[rows, best] + emitted[frame]
        scores[states] = -np.inf
    finals = np.where(graph.finals == START, states, graph.finals)
    state = int(finals[scores[finals].argmax()])
    if not frames or not np.isfinite(scores[state]):
        return None
    path = np.empty(frames, np.int64)
    for frame in range(frames - 1, -1, -1):
        path[frame] = state
        state = int(came[frame, state])
    return path


def spikes(values: Frames, graph: StateGraph) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Return the units (N,) of the likeliest path, and the frame (N,) of each one's spike.

    The spike is the frame with the unit's highest probability among those that the path gives it.
    None if no path has so many frames.
    """
    path = best_states(values, graph)
    if path is None:
        return None
    starts = np.flatnonzero(np.diff(path, prepend=START))
    ends = np.append(starts[1:], len(path))
    units = graph.units[path[starts]]
    written = np.flatnonzero(units)
    found = [
        start + int(values[start:end, unit].argmax())
        for start, end, unit in zip(starts[written], ends[written], units[written], strict=True)
    ]
    return units[written], np.array(found, np.int64)
