"""Gradient accumulation: the pieces of a batch, one after the other."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from torch import nn

from schatten.models.layers import MaskedBatchNorm
from schatten.train.data import Batch
from schatten.train.fabric import Fabric


def one_by_one(fabric: Fabric, parallel: Any, pieces: Sequence[Batch]) -> Iterator[Batch]:
    """Yield each piece of a batch, for its forward and backward pass.

    `parallel` is the model as Fabric returned it. Processes exchange gradients at the last piece.
    """
    for number, piece in enumerate(pieces, start=1):
        waits = fabric.no_backward_sync(parallel, enabled=number < len(pieces))
        with waits, piece_of_batch(parallel, number, len(pieces)):
            yield piece


@contextmanager
def piece_of_batch(model: nn.Module, number: int, pieces: int) -> Iterator[None]:
    """Let a forward pass over piece `number` of `pieces` move running statistics by its share.

    `number` is from 1. With momentum m and the pieces' statistics s, the running statistics r are
    (1 - m) r + m mean(s) after the last piece, as after one pass over a whole batch.
    """
    norms = [one for one in model.modules() if isinstance(one, MaskedBatchNorm)]
    whole = [norm.momentum or 0.0 for norm in norms]
    left = pieces - number
    for norm, momentum in zip(norms, whole, strict=True):
        share = momentum / pieces
        norm.momentum = share / (1 - left * share)  # later pieces take away from this one's share
    try:
        yield
    finally:
        for norm, momentum in zip(norms, whole, strict=True):
            norm.momentum = momentum
