"""The loss of utterances whose texts are state graphs: CTC with any paths, in the log domain.

The loss is -log of the summed probability of all paths (Graves et al., 2006, section 4.1), as
`torch.nn.functional.ctc_loss` computes it for one sequence of labels. Both directions run in one
loop over the frames, and the states of all utterances lie in one row: a frame takes a few small
operations, whatever the number of utterances. `schatten bench-graph-loss` prints the time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.function import once_differentiable

from schatten.errors import UserError
from schatten.units.graph import BLANK_INDEX, START, StateGraph

Backend = Literal["torch", "k2"]

_IMPOSSIBLE = -1e30
"""Stands for log 0. It is finite, as the difference of two infinities is NaN."""
_POSSIBLE = -1e29
"""A log-likelihood below this has a factor of probability 0."""

_Numbers = NDArray[np.int64]


def graph_losses(
    log_probs: Tensor, lengths: Tensor, graphs: Sequence[StateGraph], leading: int = 0
) -> Tensor:
    """Return the loss (N,) of each utterance, summed over its frames, natural log.

    `log_probs` (N, T, V) float32 or float64 (other floats are converted to float32), `lengths`
    (N,) frames, one graph an utterance. `leading`: only paths whose first `leading` frames are
    blank count. An utterance without a possible path has an infinite loss and a gradient of zero.
    """
    if log_probs.dtype != torch.float64:
        log_probs = log_probs.float()
    lengths = lengths.to(log_probs.device)
    with_gradient = torch.is_grad_enabled() and log_probs.requires_grad
    losses: Tensor = _GraphLoss.apply(
        log_probs[:, leading:], lengths - leading, graphs, with_gradient
    )
    if not leading:
        return losses
    blanks = log_probs[:, :leading, BLANK_INDEX].sum(1)
    return torch.where(torch.isposinf(losses), losses, losses - blanks)


class GraphLosses(Protocol):
    """The signature of `graph_losses`."""

    def __call__(
        self, log_probs: Tensor, lengths: Tensor, graphs: Sequence[StateGraph], leading: int = 0
    ) -> Tensor:
        """Return the loss (N,) of each utterance."""
        ...


def losses_of(backend: Backend) -> GraphLosses:
    """Return the graph loss by this module's loop over frames, or by k2, which is for GPUs.

    Errors: `UserError` if k2 cannot be imported beside torch.
    """
    if backend == "torch":
        return graph_losses
    try:
        import k2  # noqa: F401
    except (ImportError, OSError) as error:
        raise UserError(
            f"k2 cannot be imported beside torch {torch.__version__} ({error}): install a k2 that "
            "was built for it, or take the graph loss of torch"
        ) from None
    from schatten.train import graph_loss_k2

    return graph_loss_k2.graph_losses


class _GraphLoss(torch.autograd.Function):
    """The losses, and with them the gradient: minus how often each unit is expected in a frame."""

    @staticmethod
    def forward(
        context: Any,
        log_probs: Tensor,
        lengths: Tensor,
        graphs: Sequence[StateGraph],
        with_gradient: bool,
    ) -> Tensor:
        """Return the losses (N,) of log-probabilities (N, T, V)."""
        trellis = _Trellis.of(graphs, both=with_gradient)
        emitted = trellis.emissions(log_probs, lengths)
        reached = trellis.sweep(emitted)
        likelihoods = trellis.likelihoods(reached)
        impossible = (likelihoods < _POSSIBLE) | (lengths < 0)  # false for NaN, which is kept
        if with_gradient:
            units = log_probs.shape[2]
            occupied = trellis.occupancies(reached, emitted, likelihoods, units)
            context.save_for_backward(occupied, impossible)
        return torch.where(impossible, torch.inf, -likelihoods)

    @staticmethod
    @once_differentiable
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradient (N, T, V) of the log-probabilities."""
        occupied, impossible = context.saved_tensors
        found = occupied * -gradients[0][:, None, None]
        return found.masked_fill_(impossible[:, None, None], 0.0), None, None, None


@dataclass(frozen=True)
class _Gathering:
    """For each of some nodes a few values to be joined: first values, second values, and so on.

    Nodes are sorted by the number of their values, so second values belong to the first nodes.
    """

    rank: _Numbers
    """Place of each node in that order."""
    index: _Numbers
    """Where the values are: the first of each node in that order, then the second ones, ..."""
    counts: list[int]
    """Number of nodes that have a first value, a second, ..."""
    order: _Numbers
    """Which of the pairs that it was made of each value comes from."""

    @staticmethod
    def of(nodes: _Numbers, values: _Numbers, count: int) -> "_Gathering":
        """Take pairs of a node (of `count`) and where one of its values is."""
        degrees = np.bincount(nodes, minlength=count)
        order = np.argsort(-degrees, kind="stable")
        rank = np.empty_like(order)
        rank[order] = np.arange(count)
        by_node = np.argsort(nodes, kind="stable")
        nodes = nodes[by_node]
        place = np.arange(len(nodes)) - (np.cumsum(degrees) - degrees)[nodes]
        by_place = np.lexsort((rank[nodes], place))
        order = by_node[by_place]
        return _Gathering(rank, values[order], np.bincount(place).tolist(), order)


@dataclass(frozen=True)
class _Trellis:
    """The states of all graphs in a row of M, and behind each graph's its start and its end.

    The end is reached from final states when the utterance is over, and stays. With `both`
    directions a second row follows, with all arcs turned round: it runs backwards in time.
    """

    utterances: _Numbers
    """Utterance of each state (M,)."""
    units: _Numbers
    """Unit of each state (M,); the blank for starts and ends, which emit nothing."""
    starts: _Numbers
    """The start of each utterance (N,)."""
    ends: _Numbers
    """The end of each utterance (N,)."""
    arcs: _Gathering
    """The states before each state, of M or 2 M."""
    weights: NDArray[np.float64] | None
    """Log-weight of each arc, in the order of `arcs.index`; None if all are 0."""

    @staticmethod
    def of(graphs: Sequence[StateGraph], both: bool) -> "_Trellis":
        """Lay graphs in a row."""
        sizes = np.array([len(graph) + 2 for graph in graphs])
        ends = np.cumsum(sizes) - 1
        starts = ends - 1
        sources, targets = [ends, np.array(starts)], [ends, np.array(starts)]
        units = np.full(sizes.sum(), BLANK_INDEX)
        weights = [np.zeros(2 * len(graphs))]
        for graph, start, end in zip(graphs, starts, ends, strict=True):
            first = start - len(graph)
            units[first:start] = graph.units
            for before in (graph.sources, graph.finals):
                sources.append(np.where(before == START, start, before + first))
            targets.append(first + np.repeat(np.arange(len(graph)), np.diff(graph.offsets)))
            targets.append(np.full(len(graph.finals), end))
            weights.append(_or_zeros(graph.weights, len(graph.sources)))
            weights.append(_or_zeros(graph.final_weights, len(graph.finals)))
        into, out_of = np.concatenate(targets), np.concatenate(sources)
        count = len(units)
        if both:
            ways = (into, out_of + count), (out_of, into + count)
            into, out_of = (np.concatenate(way) for way in ways)
        arcs = _Gathering.of(into, out_of, 2 * count if both else count)
        rows = np.repeat(np.arange(len(graphs)), sizes)
        weighted = np.concatenate(weights * 2 if both else weights)
        some = weighted[arcs.order] if weighted.any() else None
        return _Trellis(rows, units, starts, ends, arcs, some)

    def emissions(self, log_probs: Tensor, lengths: Tensor) -> Tensor:
        """Return what states emit, (T + 1, states by rank), of log-probabilities (N, T, V).

        The ends emit 0 from their utterance's length on, where the others emit log 0.
        """
        utterances, frames, outputs = log_probs.shape
        device = log_probs.device
        rows, units, starts, ends = (
            torch.from_numpy(one).to(device)
            for one in (self.utterances, self.units, self.starts, self.ends)
        )
        over = torch.arange(frames + 1, device=device)[:, None] >= lengths
        log_zero = log_probs.new_zeros(frames + 1, utterances).masked_fill_(over, _IMPOSSIBLE)
        emitted = log_zero.index_select(1, rows)
        by_frame = log_probs.transpose(0, 1).reshape(frames, utterances * outputs)
        emitted[:-1] += by_frame.index_select(1, rows * outputs + units)
        emitted.clamp_(min=_IMPOSSIBLE)
        emitted.index_fill_(1, starts, _IMPOSSIBLE)
        emitted.index_copy_(1, ends, _IMPOSSIBLE - log_zero)
        if len(self.arcs.rank) > len(rows):
            emitted = torch.cat((emitted, emitted.flip(0)), 1)
        order = torch.from_numpy(np.argsort(self.arcs.rank)).to(device)
        return emitted.index_select(1, order)

    def sweep(self, emitted: Tensor) -> Tensor:
        """Return the joined scores of all paths to each state, (T + 2, states by rank).

        The first row is before the first frame. Scores count the emission of the state itself.
        """
        device, count, rank = emitted.device, len(self.units), self.arcs.rank
        first = rank[self.starts]
        if len(rank) > count:
            first = np.concatenate((first, rank[count + self.ends]))
        reached = emitted.new_full((len(emitted) + 1, len(rank)), _IMPOSSIBLE)
        reached[0, torch.from_numpy(first).to(device)] = 0.0
        index = torch.from_numpy(rank[self.arcs.index]).to(device)
        values = emitted.new_empty(len(index))
        # The loop makes no new tensor: views are cut once, results are written in place.
        firsts, *others = values.split(self.arcs.counts)
        pairs = [(firsts[: len(other)], other) for other in others]
        entered = slice(len(firsts))  # all but states that nothing leads to
        rows = emitted[:, entered], reached[:-1], reached[1:, entered]
        weights = self.weights
        added = None if weights is None else torch.from_numpy(weights).to(emitted)
        for emission, before, after in zip(*rows, strict=True):
            torch.index_select(before, 0, index, out=values)
            if added is not None:
                values += added
            for joined, other in pairs:
                torch.logaddexp(joined, other, out=joined)
            torch.add(firsts, emission, out=after)
        return reached

    def likelihoods(self, reached: Tensor) -> Tensor:
        """Return the joined scores (N,) of all paths of each utterance."""
        ends = torch.from_numpy(self.arcs.rank[self.ends]).to(reached.device)
        return reached[-1, ends]

    def occupancies(
        self, reached: Tensor, emitted: Tensor, likelihoods: Tensor, units: int
    ) -> Tensor:
        """Return how often each of V units is expected in each frame, (N, T, V).

        The sums over the states of a unit have a fixed order, on a GPU too.
        """
        count = len(self.units)
        states = np.delete(np.arange(count), np.concatenate((self.starts, self.ends)))
        keys = self.utterances[states] * units + self.units[states]
        columns, column = np.unique(keys, return_inverse=True)
        by_unit = _Gathering.of(column, states, len(columns))
        forward, backward, rows, places = (
            torch.from_numpy(one).to(reached.device)
            for one in (
                self.arcs.rank[by_unit.index],
                self.arcs.rank[count + by_unit.index],
                self.utterances[by_unit.index],
                columns[np.argsort(by_unit.rank)],
            )
        )
        scores = reached[1:-1].index_select(1, forward)
        scores += reached[2:].flip(0).index_select(1, backward)
        scores -= emitted[:-1].index_select(1, forward)  # both directions count it
        scores -= likelihoods[rows]
        firsts, *others = scores.exp_().split(by_unit.counts, 1)
        for other in others:
            firsts[:, : other.shape[1]] += other
        occupied = scores.new_zeros(len(scores), len(self.starts) * units)
        occupied.index_copy_(1, places, firsts)
        return occupied.view(len(scores), -1, units).transpose(0, 1)


def _or_zeros(weights: NDArray[np.float64] | None, count: int) -> NDArray[np.float64]:
    return np.zeros(count) if weights is None else weights
