"""The graph loss by k2: a check of `schatten.train.graph_loss`, and a fast lane on a GPU.

k2 comes as binaries for certain releases of Python and PyTorch. So this file imports nothing of
schatten when it runs, and works on Python 3.9: the tests load it in a Python that has k2.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

if TYPE_CHECKING:
    from schatten.units.graph import StateGraph

_BEAM = 1e9
"""k2 drops paths that score this much less than the best one: none."""
_IMPOSSIBLE, _POSSIBLE = -1e30, -1e29
"""As in `schatten.train.graph_loss`."""


def graph_losses(
    log_probs: Tensor,
    lengths: Tensor,
    graphs: Sequence[StateGraph],
    leading: int = 0,
    beam: float = _BEAM,
) -> Tensor:
    """Return the loss (N,) of each utterance as `graph_loss.graph_losses` does, in float32.

    `beam`: paths whose score is this much below the best path's are dropped, natural log.
    """
    import k2

    values = log_probs[:, leading:].float().clamp(min=_IMPOSSIBLE)
    frames = (lengths - leading).tolist()
    losses = values.new_full((len(graphs),), torch.inf)
    for row, some in enumerate(frames):
        if some == 0 and -1 in graphs[row].finals:
            losses[row] = 0.0
    # k2 wants the longest utterance first, and none without a frame.
    order = [row for row in np.argsort(-np.array(frames), kind="stable") if frames[row] > 0]
    if order:
        segments = torch.tensor([[row, 0, frames[row]] for row in order], dtype=torch.int32)
        fsas = k2.create_fsa_vec([to_fsa(graphs[row]) for row in order]).to(values.device)
        lattices = k2.intersect_dense(
            fsas,
            k2.DenseFsaVec(values, segments),
            output_beam=beam,
            a_to_b_map=torch.arange(len(order), dtype=torch.int32, device=values.device),
        )
        scores = lattices.get_tot_scores(use_double_scores=True, log_semiring=True)
        found = torch.where(scores < _POSSIBLE, torch.full_like(scores, torch.inf), -scores)
        losses = losses.index_copy(0, torch.tensor(order, device=values.device), found.float())
    if leading:
        blanks = log_probs[:, :leading, 0].float().sum(1)
        losses = torch.where(torch.isposinf(losses), losses, losses - blanks)
    return losses


def to_fsa(graph: StateGraph) -> Any:
    """Return the `k2.Fsa` of a state graph: state s is s + 1, `START` (-1) is 0, the last one ends.

    Labels are units, on the arcs into their states; k2 marks arcs to the end by -1.
    """
    import k2

    states, ends = len(graph.units), len(graph.finals)
    target = np.repeat(np.arange(states), np.diff(graph.offsets))
    source = np.concatenate((graph.sources, graph.finals)) + 1
    label = np.concatenate((graph.units[target], np.full(ends, -1)))
    target = np.concatenate((target + 1, np.full(ends, states + 1)))
    columns = np.stack((source, target, label, np.zeros_like(source)), axis=1)
    columns = columns[np.lexsort((label, source))].astype(np.int32)
    return k2.Fsa(torch.from_numpy(np.ascontiguousarray(columns)))
