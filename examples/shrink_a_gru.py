"""Removes three quarters of the units of a GRU of torch: a smaller GRU that any runtime takes.

python examples/shrink_a_gru.py
"""

import torch
from torch import nn
from torch.nn.functional import mse_loss

from schatten.compress import remove_rnn_units, rnn_matrices, rnn_unit_groups, unit_lasso_penalty

torch.set_num_threads(1)  # more are slower in layers as small as these
torch.manual_seed(1)
inputs = torch.randn(64, 20, 16)  # the task: a running mean of four inputs, through tanh
targets = torch.tanh(inputs[..., :4].cumsum(1) / 4)
gru, readout = nn.GRU(16, 64, batch_first=True), nn.Linear(64, 4)


def train(rnn: nn.GRU, reader: nn.Linear, steps: int, strength: float = 0.0) -> float:
    """Train `rnn` and the layer that reads it; return the last error."""
    optimiser = torch.optim.Adam([*rnn.parameters(), *reader.parameters()], lr=5e-3)
    for _ in range(steps):
        optimiser.zero_grad()
        error = mse_loss(reader(rnn(inputs)[0]), targets)
        penalty = unit_lasso_penalty(rnn_unit_groups(rnn), rnn_matrices(rnn, reader), strength)
        (error + penalty).backward()
        optimiser.step()
    return error.item()


def size(rnn: nn.GRU) -> int:
    """Return how many numbers a GRU holds."""
    return sum(one.numel() for one in rnn.parameters())


print(f"a GRU of {size(gru)} numbers: {train(gru, readout, 100):.4f}")
print(f"with the penalty on units: {train(gru, readout, 150, strength=3e-6):.4f}")
small, reader = remove_rnn_units(gru, readout, hidden=16)
print(f"16 units, {size(small)} numbers: {train(small, reader, 100):.4f}")
