"""Prunes a GRU of torch gradually, in blocks of 4x4, to a quarter of its weights.

python examples/prune_a_gru.py
"""

import torch
from torch import nn
from torch.nn.functional import mse_loss

from schatten.compress import CubicRamp, LowRankRnn, apply_masks, blocks_at, set_masks

BLOCK = (4, 4)
torch.set_num_threads(1)  # more are slower in layers as small as these
torch.manual_seed(1)
inputs = torch.randn(64, 20, 16)  # the task: a running mean of four inputs, through tanh
targets = torch.tanh(inputs[..., :4].cumsum(1) / 4)
gru, readout = nn.GRU(16, 64, batch_first=True), nn.Linear(64, 4)


def train(rnn: nn.Module, steps: int, ramp: CubicRamp | None = None) -> float:
    """Train `rnn` and the readout, and prune as `ramp` says; return the last error."""
    optimiser = torch.optim.Adam([*rnn.parameters(), *readout.parameters()], lr=5e-3)
    for step in range(steps):
        if ramp is not None:
            sparsity = ramp(step)
            if sparsity is not None:
                set_masks(rnn.bank, blocks_at(rnn.bank, sparsity, BLOCK), BLOCK)
            apply_masks(rnn.bank)  # Adam's momentum still moves what was pruned
        optimiser.zero_grad()
        error = mse_loss(readout(rnn(inputs)[0]), targets)
        error.backward()
        optimiser.step()
    return error.item()


print(f"a GRU of {sum(one.numel() for one in gru.parameters())} numbers: {train(gru, 100):.4f}")
small = LowRankRnn(gru)  # called as `gru` is; its weights are in `small.bank`
error = train(small, 250, CubicRamp(final=0.75, start=20, end=150, every=10))
print(f"{small.parameters_stored} numbers: {error:.4f}")
