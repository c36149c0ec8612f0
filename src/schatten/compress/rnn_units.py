"""Removal of whole units from PyTorch's own GRU or LSTM, and from the layer that reads it."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from schatten.compress.units import (
    Score,
    UnitGroup,
    removal_order,
    rows_of,
    smaller_matrices,
    unit_scores,
    units_left,
)

READER = "reader"
"""Name here of the matrix of the layer that reads the output of the GRU or LSTM."""


def rnn_unit_groups(rnn: nn.GRU | nn.LSTM) -> list[UnitGroup]:
    """Return the units of each layer of `rnn`; `READER` reads the last layer.

    Raises `ValueError` for bidirectional layers and for an LSTM with projections.
    """
    if rnn.bidirectional or rnn.proj_size:
        raise ValueError("units are removed from layers of one direction, without proj_size")
    gates = 3 if isinstance(rnn, nn.GRU) else 4
    found = []
    for layer in range(rnn.num_layers):
        own = f"weight_ih_l{layer}", f"weight_hh_l{layer}"
        above = f"weight_ih_l{layer + 1}" if layer + 1 < rnn.num_layers else READER
        rows = dict.fromkeys(own, gates)
        found.append(UnitGroup(f"l{layer}", rnn.hidden_size, rows, (own[1], above), 2 * gates))
    return found


def rnn_matrices(rnn: nn.GRU | nn.LSTM, reader: nn.Linear) -> dict[str, Tensor]:
    """Return the matrices of `rnn` by PyTorch's names, and that of `reader`, as parameters."""
    found = {name: one for name, one in rnn.named_parameters() if name.startswith("weight")}
    return found | {READER: reader.weight}


@torch.no_grad()
def remove_rnn_units(
    rnn: nn.GRU | nn.LSTM,
    reader: nn.Linear,
    hidden: int,
    score: Score = "group_lasso",
    squares: Mapping[str, Tensor] | None = None,
) -> tuple[nn.GRU | nn.LSTM, nn.Linear]:
    """Return copies of both modules with the `hidden` units of each layer that score best.

    `reader` is the layer that reads the output of `rnn`. The score `activations` needs `squares`:
    the mean squares (n,) of the inputs of `weight_hh_l{i}`, `weight_ih_l{i + 1}` and `READER`. The
    modules that are passed do not change. Raises `ValueError` if `hidden` is not between 0 and the
    present size.
    """
    if not 0 < hidden < rnn.hidden_size:
        raise ValueError(f"{hidden} units are to be left of {rnn.hidden_size}: give fewer")
    groups, matrices = rnn_unit_groups(rnn), rnn_matrices(rnn, reader)
    order = removal_order(unit_scores(groups, matrices, score, squares))
    left = units_left(groups, order[: len(groups) * (rnn.hidden_size - hidden)])
    values = smaller_matrices(groups, matrices, left) | _biases(rnn, groups, left)
    options = {"bias": rnn.bias, "batch_first": rnn.batch_first, "dropout": rnn.dropout}
    small = type(rnn)(rnn.input_size, hidden, rnn.num_layers, **options).to(reader.weight)
    top = nn.Linear(hidden, reader.out_features, bias=reader.bias is not None).to(reader.weight)
    top.weight.copy_(values.pop(READER))
    if reader.bias is not None:
        top.bias.copy_(reader.bias)
    small.load_state_dict(values)
    return small.train(rnn.training), top.train(reader.training)


def _biases(
    rnn: nn.GRU | nn.LSTM, groups: Sequence[UnitGroup], left: Mapping[str, Tensor]
) -> dict[str, Tensor]:
    """Return the biases of the remaining units by PyTorch's names; empty if there are no biases."""
    found = {}
    for layer, group in enumerate(groups):
        rows = rows_of(left[group.name], group.rows[f"weight_hh_l{layer}"], group.units)
        for name in (f"bias_ih_l{layer}", f"bias_hh_l{layer}"):
            if rnn.bias:
                found[name] = getattr(rnn, name)[rows]
    return found
