"""Criteria over whole hypotheses: expected errors (MWER, sMBR) and the reference's posterior (MMI).

The expected cost of hypotheses is  E = sum_h c(h) P(h) / sum_h P(h),  where P(h) sums over all
alignments and pronunciations of a hypothesis. Both sums are losses of state graphs, so
log E = log sum_h c(h) P(h) - log sum_h P(h),  and the gradient is that of two graph losses. It is
zero where all costs agree.

Minimum word error rate: Shannon, 2017, equation 2, over a list of hypotheses that is decoded once
(Guo et al., 2020). sMBR: Prabhavalkar et al., 2016, section 3, over lattices. MMI: Povey, 2003.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from schatten.recipe.steps import Sequence as SequenceStep
from schatten.train.data import Batch
from schatten.train.graph_loss import graph_losses, pair_losses
from schatten.train.hypotheses import Comparison
from schatten.train.objectives.base import Objective
from schatten.train.objectives.ctc import Ctc
from schatten.units.graph import StateGraph

_SMALLEST = 1e-10
"""Cost of a frame whose unit the reference has for certain; its logarithm is finite."""


class OverHypotheses(Objective):
    """A criterion over hypotheses, with a weight of CTC beside it."""

    def __init__(
        self, ctc: Ctc, step: SequenceStep, compared: Callable[[str, str], Comparison]
    ) -> None:
        """Take CTC, the criterion, and what returns an utterance's hypotheses by id and text."""
        self.ctc, self.step, self.compared = ctc, step, compared

    def fits(self, labels: Sequence[int], frames: int) -> bool:
        """Tell whether the reference can be written in `frames` frames."""
        return self.ctc.fits(labels, frames)

    def losses(self, log_probs: Tensor, lengths: Tensor, batch: Batch) -> Tensor:
        """Return the criterion (N,) of each utterance, and the weighted CTC loss."""
        some = [self.compared(*pair) for pair in zip(batch.ids, batch.texts, strict=True)]
        scaled = log_probs.float() * self.step.scale
        leading = self.ctc.leading
        if self.step.criterion == "mmi":
            found = posterior_losses(scaled, lengths, some, leading)
        elif self.step.risk == "frames":
            found = expected_frame_errors(scaled, lengths, some, leading)
        else:
            found = expected_errors(scaled, lengths, some, leading)
        if not self.step.ctc_weight:
            return found
        return found + self.step.ctc_weight * self.ctc.losses(log_probs, lengths, batch)

    def errors(self, log_probs: Tensor, lengths: Tensor, batch: Batch) -> int:
        """Return the edits between the labels of a batch and what greedy decoding finds."""
        return self.ctc.errors(log_probs, lengths, batch)

    def on_dev(self) -> Objective:
        """Return CTC: dev has no hypotheses."""
        return self.ctc.on_dev()


def expected_errors(
    log_probs: Tensor, lengths: Tensor, some: Sequence[Comparison], leading: int = 0
) -> Tensor:
    """Return the expected cost (N,) of the hypotheses of each utterance.

    `log_probs` (N, T, V) natural log, `lengths` (N,) frames.
    """
    return _ratios(log_probs, lengths, some, leading, pair_losses)


def expected_frame_errors(
    log_probs: Tensor, lengths: Tensor, some: Sequence[Comparison], leading: int = 0
) -> Tensor:
    """Return the expected number (N,) of frames whose unit is not the reference's.

    A frame's unit costs 1 less the probability that the reference has it there, under the model as
    it is.
    """
    with torch.enable_grad():
        fixed = log_probs.detach().requires_grad_()
        reference = [one.reference for one in some]
        (slope,) = torch.autograd.grad(
            graph_losses(fixed, lengths, reference, leading).sum(), fixed
        )
    costs = (1.0 + slope).clamp(_SMALLEST, 1.0).log()
    doubled = torch.cat([log_probs, log_probs + costs], -1)
    return _ratios(doubled, lengths, some, leading, _one_by_one)


def posterior_losses(
    log_probs: Tensor, lengths: Tensor, some: Sequence[Comparison], leading: int = 0
) -> Tensor:
    """Return minus the log-posterior (N,) of each reference among its hypotheses."""
    references = [one.reference for one in some]
    hypotheses = [one.hypotheses for one in some]
    reference, every = _one_by_one(log_probs, lengths, references, hypotheses, leading)
    return reference - every


def _ratios(
    log_probs: Tensor,
    lengths: Tensor,
    some: Sequence[Comparison],
    leading: int,
    losses_of_both: Callable[..., tuple[Tensor, Tensor]],
) -> Tensor:
    """Return the sums over the graphs that weigh costs, divided by those over all hypotheses."""
    pairs = [(n, one.hypotheses, one.wrong) for n, one in enumerate(some) if one.wrong is not None]
    found = 0.0 * log_probs[:, 0, 0]
    if not pairs:
        return found
    rows, graphs, wrong = map(list, zip(*pairs, strict=True))
    if len(rows) < len(some):  # else they are not copied
        log_probs, lengths = log_probs[rows], lengths[rows]
    every, costs = losses_of_both(log_probs, lengths, graphs, wrong, leading)
    # A hypothesis may be too long for the frames: its sum is 0, and its loss infinite.
    ratios = torch.where(torch.isposinf(costs), 0.0, (every - costs).exp())
    return found.index_add(0, torch.tensor(rows, device=found.device), ratios)


def _one_by_one(
    log_probs: Tensor,
    lengths: Tensor,
    graphs: Sequence[StateGraph],
    others: Sequence[StateGraph],
    leading: int,
) -> tuple[Tensor, Tensor]:
    """Return the losses (N,) of graphs, and of others with other states."""
    first = graph_losses(log_probs, lengths, graphs, leading)
    return first, graph_losses(log_probs, lengths, others, leading)
