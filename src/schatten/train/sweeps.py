"""The sweeps over the frames of a trellis: by torch's operations, and compiled for a CPU.

`sweeps_of` returns those of sweeps.cpp for tensors on a CPU, compiled when they are first wanted.
N utterances, T frames, V units, as in `schatten.train.trellis`.
"""

import ctypes
from abc import ABC, abstractmethod
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from schatten.runtime.compiled import FAILURES, compiled_library, reason
from schatten.train.trellis import IMPOSSIBLE, Gathering, Trellis

SOURCE = Path(__file__).with_name("sweeps.cpp")


class Sweeps(ABC):
    """Sums over the paths of a trellis."""

    def reached(self, trellis: Trellis, table: Tensor) -> Tensor:
        """Return the joined scores of all paths to each state, (T + 2, states by rank).

        The first row is before the first frame. Scores count the emission of the state itself.
        `table`: of `Trellis.table`.
        """
        reached = table.new_full((len(table) + 1, len(trellis.arcs.rank)), IMPOSSIBLE)
        reached[0, torch.from_numpy(trellis.first).to(table.device)] = 0.0
        self._sweep(trellis, table, reached)
        return reached

    @abstractmethod
    def _sweep(self, trellis: Trellis, table: Tensor, reached: Tensor) -> None:
        """Write all rows of `reached` but the first, of states that arcs lead to."""

    @abstractmethod
    def occupancies(
        self, trellis: Trellis, table: Tensor, reached: Tensor, likelihoods: Tensor, way: int
    ) -> Tensor:
        """Return how often each unit is expected in each frame, (N, T, V), for a way to end.

        The sums over the states of a unit have a fixed order, on a GPU too.
        """


class TorchSweeps(Sweeps):
    """Torch's operations, on any device."""

    def _sweep(self, trellis: Trellis, table: Tensor, reached: Tensor) -> None:
        """See `Sweeps`."""
        device, arcs = table.device, trellis.arcs
        emitted = table.index_select(1, torch.from_numpy(trellis.columns).to(device))
        emitted = torch.cat([emitted, *[emitted.flip(0)] * (trellis.rows - 1)], 1)
        emitted = emitted.index_select(1, torch.from_numpy(np.argsort(arcs.rank)).to(device))
        index = torch.from_numpy(arcs.rank[arcs.index]).to(device)
        values = emitted.new_empty(len(index))
        # The loop makes no new tensor: views are cut once, results are written in place.
        firsts, *others = values.split(arcs.counts.tolist())
        pairs = [(firsts[: len(other)], other) for other in others]
        entered = slice(len(firsts))  # all but states that nothing leads to
        rows = emitted[:, entered], reached[:-1], reached[1:, entered]
        weights = trellis.weights
        added = None if weights is None else torch.from_numpy(weights).to(emitted)
        for emission, before, after in zip(*rows, strict=True):
            torch.index_select(before, 0, index, out=values)
            if added is not None:
                values += added
            for joined, other in pairs:
                torch.logaddexp(joined, other, out=joined)
            torch.add(firsts, emission, out=after)

    def occupancies(
        self, trellis: Trellis, table: Tensor, reached: Tensor, likelihoods: Tensor, way: int
    ) -> Tensor:
        """See `Sweeps`."""
        rank, states = trellis.arcs.rank, trellis.emitting
        columns, column = np.unique(trellis.columns[states], return_inverse=True)
        by_unit = Gathering.of(column, states, len(columns))
        forward, backward, emitted, rows, places = (
            torch.from_numpy(one).to(reached.device)
            for one in (
                rank[by_unit.index],
                rank[(way + 1) * len(trellis) + by_unit.index],
                trellis.columns[by_unit.index],
                trellis.utterances[by_unit.index],
                columns[np.argsort(by_unit.rank)],
            )
        )
        scores = reached[1:-1].index_select(1, forward)
        scores += reached[2:].flip(0).index_select(1, backward)
        scores -= table[:-1].index_select(1, emitted)  # both directions count it
        scores -= likelihoods[rows]
        firsts, *others = scores.exp_().split(by_unit.counts.tolist(), 1)
        for other in others:
            firsts[:, : other.shape[1]] += other
        occupied = scores.new_zeros(len(scores), len(likelihoods) * trellis.units)
        occupied.index_copy_(1, places, firsts)
        return occupied.unflatten(1, (-1, trellis.units)).transpose(0, 1)


class CompiledSweeps(Sweeps):
    """The loops of a library that was compiled from sweeps.cpp, for tensors on a CPU."""

    def __init__(self, library: Path, kind: str) -> None:
        """Load the functions of `kind`: float or double."""
        loaded = ctypes.CDLL(str(library))
        size, pointer = ctypes.c_int64, ctypes.c_void_p
        self._run, self._occupy = loaded[f"sweep_{kind}"], loaded[f"occupy_{kind}"]
        self._run.argtypes = [size] * 4 + [pointer] * 7
        self._occupy.argtypes = [size] * 5 + [pointer] * 8
        self._run.restype = self._occupy.restype = None

    def _sweep(self, trellis: Trellis, table: Tensor, reached: Tensor) -> None:
        """See `Sweeps`."""
        arcs, kind = trellis.arcs, table.numpy().dtype
        by_rank = np.argsort(arcs.rank)
        weights = None if trellis.weights is None else trellis.weights.astype(kind)
        numbers = (
            arcs.counts,
            _small(arcs.rank[arcs.index]),
            _small(trellis.columns[by_rank % len(trellis)]),
            _small(by_rank >= len(trellis)),
        )
        self._run(
            len(table),
            table.shape[1],
            len(by_rank),
            len(arcs.counts),
            *(one.ctypes.data for one in numbers),
            None if weights is None else weights.ctypes.data,
            table.data_ptr(),
            reached.data_ptr(),
        )

    def occupancies(
        self, trellis: Trellis, table: Tensor, reached: Tensor, likelihoods: Tensor, way: int
    ) -> Tensor:
        """See `Sweeps`."""
        rank, states = trellis.arcs.rank, trellis.emitting
        outputs = len(likelihoods) * trellis.units
        occupied = table.new_zeros(len(table) - 1, outputs)
        numbers = (
            _small(rank[states]),
            _small(rank[states + (way + 1) * len(trellis)]),
            _small(trellis.columns[states]),
            _small(trellis.utterances[states]),
        )
        self._occupy(
            len(occupied),
            table.shape[1],
            len(rank),
            len(states),
            outputs,
            *(one.ctypes.data for one in numbers),
            likelihoods.data_ptr(),
            table.data_ptr(),
            reached.data_ptr(),
            occupied.data_ptr(),
        )
        return occupied.unflatten(1, (-1, trellis.units)).transpose(0, 1)


def _small(numbers: NDArray[np.generic]) -> NDArray[np.int32]:
    return np.ascontiguousarray(numbers, dtype=np.int32)


def sweeps_of(values: Tensor) -> Sweeps:
    """Return the sweeps for log-probabilities, float32 or float64, on their device.

    Which of them ran changes results in the last bits, as the type of the CPU does.
    """
    return _on_cpu(values.dtype) if values.device.type == "cpu" else TorchSweeps()


@cache
def _on_cpu(kind: torch.dtype) -> Sweeps:
    try:
        name = {torch.float32: "float", torch.float64: "double"}[kind]
        return CompiledSweeps(compiled_library(SOURCE), name)
    except FAILURES as error:
        said = reason(SOURCE, error)
        print(f"Graph losses take torch's operations, which is slower: {said}", flush=True)
        return TorchSweeps()
