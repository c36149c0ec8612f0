"""The loss of utterances whose texts are state graphs: CTC with any paths, in the log domain.

The loss is -log of the summed probability of all paths (Graves et al., 2006, section 4.1), as
`torch.nn.functional.ctc_loss` computes it for one sequence of labels. Both directions run in one
loop over the frames, and the states of all utterances lie in one row: a frame takes a few small
operations, whatever the number of utterances. `schatten bench-graph-loss` prints the time.
"""

from collections.abc import Sequence
from typing import Any, Literal, Protocol

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from schatten.errors import UserError
from schatten.train.sweeps import sweeps_of
from schatten.train.trellis import Trellis
from schatten.units.graph import BLANK_INDEX, StateGraph

Backend = Literal["torch", "k2"]

_POSSIBLE = -1e29
"""A log-likelihood below this has a factor of probability 0."""


def graph_losses(
    log_probs: Tensor, lengths: Tensor, graphs: Sequence[StateGraph], leading: int = 0
) -> Tensor:
    """Return the loss (N,) of each utterance, summed over its frames, natural log.

    `log_probs` (N, T, V) float32 or float64 (other floats are converted to float32), `lengths`
    (N,) frames, one graph an utterance. `leading`: only paths whose first `leading` frames are
    blank count. An utterance without a possible path has an infinite loss and a gradient of zero.
    """
    return _losses(log_probs, lengths, graphs, None, leading)[0]


def pair_losses(
    log_probs: Tensor,
    lengths: Tensor,
    graphs: Sequence[StateGraph],
    others: Sequence[StateGraph],
    leading: int = 0,
) -> tuple[Tensor, Tensor]:
    """Return the losses (N,) of graphs and of others with the same states, arcs and arc weights.

    Only their final states may differ, so both share the sums over beginnings of paths. Arguments
    as for `graph_losses`.
    """
    first, second = _losses(log_probs, lengths, graphs, others, leading)
    return first, second


def _losses(
    log_probs: Tensor,
    lengths: Tensor,
    graphs: Sequence[StateGraph],
    others: Sequence[StateGraph] | None,
    leading: int,
) -> list[Tensor]:
    if log_probs.dtype != torch.float64:
        log_probs = log_probs.float()
    lengths = lengths.to(log_probs.device)
    with_gradient = torch.is_grad_enabled() and log_probs.requires_grad
    found = _GraphLoss.apply(
        log_probs[:, leading:], lengths - leading, graphs, others, with_gradient
    )
    if not leading:
        return list(found)
    blanks = log_probs[:, :leading, BLANK_INDEX].sum(1)
    return [torch.where(torch.isposinf(one), one, one - blanks) for one in found]


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
        others: Sequence[StateGraph] | None,
        with_gradient: bool,
    ) -> tuple[Tensor, ...]:
        """Return the losses (N,) of log-probabilities (N, T, V): of graphs, and of others."""
        trellis = Trellis.of(graphs, log_probs.shape[2], with_gradient, others)
        sweeps, table = sweeps_of(log_probs), trellis.table(log_probs, lengths)
        reached = sweeps.reached(trellis, table)
        found = trellis.likelihoods(reached)
        # False for NaN, which is kept.
        impossible = [(one < _POSSIBLE) | (lengths < 0) for one in found]
        if with_gradient:
            occupied = (
                sweeps.occupancies(trellis, table, reached, one, way)
                for way, one in enumerate(found)
            )
            context.save_for_backward(*occupied, *impossible)
        pairs = zip(found, impossible, strict=True)
        return tuple(torch.where(never, torch.inf, -one) for one, never in pairs)

    @staticmethod
    @once_differentiable
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradient (N, T, V) of the log-probabilities."""
        ways = len(gradients)
        occupied, impossible = context.saved_tensors[:ways], context.saved_tensors[ways:]
        rows = zip(occupied, impossible, gradients, strict=True)
        found = [
            (one * -gradient[:, None, None]).masked_fill_(never[:, None, None], 0.0)
            for one, never, gradient in rows
        ]
        return sum(found[1:], found[0]), None, None, None, None
