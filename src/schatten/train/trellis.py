"""State graphs of a batch laid in one row: what the sweeps over frames read.

N utterances, T frames, V units; M states of all graphs with their starts and ends.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from schatten.units.graph import BLANK_INDEX, START, StateGraph

IMPOSSIBLE = -1e30
"""Stands for log 0. It is finite, as the difference of two infinities is NaN."""

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Gathering:
    """For each of some nodes a few values to be joined: first values, second values, and so on.

    Nodes are sorted by the number of their values, so second values belong to the first nodes.
    """

    rank: Numbers
    """Place of each node in that order."""
    index: Numbers
    """Where the values are: the first of each node in that order, then the second ones, ..."""
    counts: Numbers
    """Number of nodes that have a first value, a second, ..."""
    order: Numbers
    """Which of the pairs that it was made of each value comes from."""

    @staticmethod
    def of(nodes: Numbers, values: Numbers, count: int) -> "Gathering":
        """Take pairs of a node (of `count`) and where one of its values is."""
        degrees = np.bincount(nodes, minlength=count)
        order = np.argsort(-degrees, kind="stable")
        rank = np.empty_like(order)
        rank[order] = np.arange(count)
        by_node = np.argsort(nodes, kind="stable")
        nodes = nodes[by_node]
        place = np.arange(len(nodes)) - (np.cumsum(degrees) - degrees)[nodes]
        by_place = np.argsort(place * count + rank[nodes])
        order = by_node[by_place]
        return Gathering(rank, values[order], np.bincount(place), order)


@dataclass(frozen=True)
class Trellis:
    """The states of all graphs in a row of M, and behind each graph's its start and its ends.

    An end is reached from final states when the utterance is over, and stays. There are two where
    paths end in two ways. With `both` directions a row follows for each way to end, with all arcs
    turned round: it runs backwards in time, from that end.
    """

    units: int
    """V."""
    utterances: Numbers
    """Utterance of each state (M,)."""
    columns: Numbers
    """Where each state's emission is in a row of the table (M,)."""
    starts: Numbers
    """The start of each utterance (N,)."""
    ends: list[Numbers]
    """The end of each utterance (N,), for each way to end."""
    arcs: Gathering
    """The states before each state, of all rows."""
    weights: NDArray[np.float64] | None
    """Log-weight of each arc, in the order of `arcs.index`; None if all are 0."""

    @staticmethod
    def of(
        graphs: Sequence[StateGraph],
        units: int,
        both: bool,
        others: Sequence[StateGraph] | None = None,
    ) -> "Trellis":
        """Lay graphs in a row; `others` have the same states and arcs, and end otherwise."""
        ways = [graphs] if others is None else [graphs, others]
        sizes = np.array([len(graph) + 1 + len(ways) for graph in graphs])
        starts = np.cumsum(sizes) - len(ways) - 1
        ends = [starts + 1 + way for way in range(len(ways))]
        sources, targets = [*ends, starts], [*ends, starts]
        columns = np.repeat(np.arange(len(graphs)) * units + BLANK_INDEX, sizes)
        columns[starts] = units * len(graphs) + len(graphs)
        for end in ends:
            columns[end] = units * len(graphs) + np.arange(len(graphs))
        weights = [np.zeros(len(graphs) * (1 + len(ways)))]
        for row, (graph, start) in enumerate(zip(graphs, starts, strict=True)):
            first = start - len(graph)
            columns[first:start] += graph.units
            sources.append(np.where(graph.sources == START, start, graph.sources + first))
            targets.append(np.repeat(np.arange(first, start), np.diff(graph.offsets)))
            weights.append(_or_zeros(graph.weights, len(graph.sources)))
            for way, some in enumerate(ways):
                finals = some[row].finals
                sources.append(np.where(finals == START, start, finals + first))
                targets.append(np.full(len(finals), ends[way][row]))
                weights.append(_or_zeros(some[row].final_weights, len(finals)))
        into, out_of = np.concatenate(targets), np.concatenate(sources)
        count, rows = len(columns), 1 + len(ways) if both else 1
        turned = [count * row for row in range(1, rows)]
        arcs = Gathering.of(
            np.concatenate([into, *(out_of + shift for shift in turned)]),
            np.concatenate([out_of, *(into + shift for shift in turned)]),
            rows * count,
        )
        weighted = np.concatenate(weights)
        some_weights = np.tile(weighted, rows)[arcs.order] if weighted.any() else None
        utterances = np.repeat(np.arange(len(graphs)), sizes)
        return Trellis(units, utterances, columns, starts, ends, arcs, some_weights)

    def __len__(self) -> int:
        """Return M."""
        return len(self.columns)

    @property
    def rows(self) -> int:
        """Number of rows of M."""
        return len(self.arcs.rank) // len(self)

    @property
    def first(self) -> Numbers:
        """The ranks of the states in which paths begin, in any direction."""
        begun = [self.starts]
        begun += [end + len(self) * row for row, end in enumerate(self.ends[: self.rows - 1], 1)]
        return self.arcs.rank[np.concatenate(begun)]

    @property
    def emitting(self) -> Numbers:
        """The states but starts and ends."""
        return np.delete(np.arange(len(self)), np.concatenate([self.starts, *self.ends]))

    def table(self, log_probs: Tensor, lengths: Tensor) -> Tensor:
        """Return what states may emit, (T + 1, N V + N + 1), of log-probabilities (N, T, V).

        The units of each utterance, `IMPOSSIBLE` when it is over; then what the ends emit: 0 when
        it is over, and `IMPOSSIBLE` before; then what starts emit, `IMPOSSIBLE`.
        """
        utterances, frames, units = log_probs.shape
        device = log_probs.device
        over = torch.arange(frames + 1, device=device)[:, None] >= lengths
        table = log_probs.new_full((frames + 1, utterances * (units + 1) + 1), IMPOSSIBLE)
        by_frame = table[:, :-1].narrow(1, 0, utterances * units).unflatten(1, (utterances, units))
        by_frame[:-1] = log_probs.transpose(0, 1)
        by_frame.clamp_(min=IMPOSSIBLE).masked_fill_(over[:, :, None], IMPOSSIBLE)
        table[:, utterances * units : -1].masked_fill_(over, 0.0)
        return table

    def likelihoods(self, reached: Tensor) -> list[Tensor]:
        """Return the joined scores (N,) of all paths of each utterance, for each way to end."""
        ranks = (torch.from_numpy(self.arcs.rank[end]).to(reached.device) for end in self.ends)
        return [reached[-1, rank] for rank in ranks]


def _or_zeros(weights: NDArray[np.float64] | None, count: int) -> NDArray[np.float64]:
    return np.zeros(count) if weights is None else weights
