"""`PYTHON k2_losses_program.py graph_loss_k2.py TASK.npz FOUND.npz`: losses and gradients by k2.

Runs in a Python that has k2 and none of schatten.
"""

import importlib.util
import sys
from types import SimpleNamespace

import numpy as np
import torch

if __name__ == "__main__":
    module, task, output = sys.argv[1:]
    spec = importlib.util.spec_from_file_location("graph_loss_k2", module)
    assert spec and spec.loader
    graph_loss_k2 = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(graph_loss_k2)
    given = np.load(task)
    parts = ("units", "sources", "offsets", "finals")
    graphs = [
        SimpleNamespace(**{part: given[f"{part}{row}"] for part in parts})
        for row in range(len(given["lengths"]))
    ]
    values = torch.from_numpy(given["log_probs"]).requires_grad_()
    losses = graph_loss_k2.graph_losses(
        values, torch.from_numpy(given["lengths"]), graphs, int(given["leading"])
    )
    losses[torch.isfinite(losses)].sum().backward()
    np.savez(output, losses=losses.detach().numpy(), gradient=values.grad.numpy())
