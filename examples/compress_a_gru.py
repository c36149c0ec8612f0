"""Compresses a GRU of torch: trace norm, truncation to a budget, some more training.

python examples/compress_a_gru.py
"""

import torch
from torch import nn
from torch.nn.functional import mse_loss

from schatten.compress import LowRankRnn, factor_fully, trace_norm_penalty, truncate_to_budget

torch.set_num_threads(1)  # more are slower in layers as small as these
torch.manual_seed(1)
inputs = torch.randn(64, 20, 16)  # the task: a running mean of four inputs, through tanh
targets = torch.tanh(inputs[..., :4].cumsum(1) / 4)
gru, readout = nn.GRU(16, 64, batch_first=True), nn.Linear(64, 4)


def train(rnn: nn.Module, steps: int, strength: float = 0.0) -> float:
    """Train `rnn` and the readout; return the last error."""
    optimiser = torch.optim.Adam([*rnn.parameters(), *readout.parameters()], lr=5e-3)
    for _ in range(steps):
        optimiser.zero_grad()
        error = mse_loss(readout(rnn(inputs)[0]), targets)
        penalty = trace_norm_penalty(rnn.bank, strength, strength) if strength else 0.0
        (error + penalty).backward()
        optimiser.step()
    return error.item()


print(f"a GRU of {sum(one.numel() for one in gru.parameters())} numbers: {train(gru, 100):.4f}")
small = LowRankRnn(gru)  # called as `gru` is; its weights are in `small.bank`
factor_fully(small.bank)  # W = U V, of full rank
print(f"with the trace norm: {train(small, 150, strength=3e-5):.4f}")
truncate_to_budget(small.bank, 3000)  # ranks that lose about the least in 3,000 numbers
print(f"ranks {small.bank.ranks}, {small.parameters_stored} numbers: {train(small, 100):.4f}")
