"""Running a GRU or LSTM of PyTorch with weights that are given in the call.

`torch.func.functional_call` does this too. But it cannot be traced, so a model that uses it cannot
be exported by tracing.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence


def run_rnn(
    rnn: nn.GRU | nn.LSTM, weights: Sequence[Tensor], input: Tensor | PackedSequence, hx: Any
) -> tuple[Any, Any]:
    """Return what `rnn(input, hx)` would return if its weights were `weights`.

    `weights` are in the order of `rnn._flat_weights`. `input` is (T, B, n), or (B, T, n) with
    `batch_first`, or (T, n) without a batch, or a packed sequence. `hx` is the state, or None for
    zeros. Raises `ValueError` for an input of another number of dimensions.
    """
    function = torch.gru if isinstance(rnn, nn.GRU) else torch.lstm
    options = (rnn.bias, rnn.num_layers, rnn.dropout, rnn.training, rnn.bidirectional)
    if isinstance(input, PackedSequence):
        data, sizes, order, back = input
        state = _begin(rnn, int(sizes[0]), data) if hx is None else _sorted(_states(hx), order)
        outputs, *last = function(data, sizes, _argument(state), list(weights), *options)
        packed = PackedSequence(outputs, sizes, order, back)
        return packed, _argument(_sorted(last, back))
    if input.dim() not in (2, 3):
        raise ValueError(f"an input has 2 dimensions or 3, not {input.dim()}")
    is_single = input.dim() == 2
    batch = input.unsqueeze(0 if rnn.batch_first else 1) if is_single else input
    if hx is None:
        state = _begin(rnn, batch.shape[0 if rnn.batch_first else 1], batch)
    else:
        state = [one.unsqueeze(1) if is_single else one for one in _states(hx)]
    outputs, *last = function(batch, _argument(state), list(weights), *options, rnn.batch_first)
    if is_single:
        outputs = outputs.squeeze(0 if rnn.batch_first else 1)
        last = [one.squeeze(1) for one in last]
    return outputs, _argument(last)


def _begin(rnn: nn.GRU | nn.LSTM, size: int, like: Tensor) -> list[Tensor]:
    """Return the initial states, zeros of shape (layers * directions, size, units)."""
    ways = 2 if rnn.bidirectional else 1
    zeros = torch.zeros(
        rnn.num_layers * ways, size, rnn.hidden_size, dtype=like.dtype, device=like.device
    )
    return [zeros] if isinstance(rnn, nn.GRU) else [zeros, zeros]


def _states(hx: Any) -> list[Tensor]:
    """Return a GRU's state, or an LSTM's state and cell, as a list."""
    return [hx] if isinstance(hx, Tensor) else list(hx)


def _argument(states: Sequence[Tensor]) -> Any:
    """Return the states as PyTorch takes and returns them: a tensor for a GRU, else a tuple."""
    return states[0] if len(states) == 1 else tuple(states)


def _sorted(states: Sequence[Tensor], order: Tensor | None) -> list[Tensor]:
    """Return the states with the sequences of the batch in this order; None leaves them."""
    return [one if order is None else one.index_select(1, order) for one in states]
