"""k2's losses and gradients of state graphs beside ours, by a Python that has k2."""

import importlib.util
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from toy_state_graphs import draw_words

from schatten.errors import UserError
from schatten.train import graph_loss_k2
from schatten.train.graph_loss import graph_losses, losses_of
from schatten.units.graph import StateGraph, linear, pronunciations

PROGRAM = Path(__file__).with_name("k2_losses_program.py")
HERE = importlib.util.find_spec("k2") is not None
PYTHON = os.environ.get("SCHATTEN_K2_PYTHON", sys.executable if HERE else "")
with_k2 = pytest.mark.skipif(
    not PYTHON, reason="no k2: SCHATTEN_K2_PYTHON names no Python with it (docs/decoding.md)"
)


def by_k2(
    folder: Path,
    log_probs: torch.Tensor,
    lengths: torch.Tensor,
    graphs: list[StateGraph],
    leading: int,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return k2's losses and their gradient; those of finite losses are added up."""
    parts = {
        f"{part}{row}": getattr(graph, part)
        for row, graph in enumerate(graphs)
        for part in ("units", "sources", "offsets", "finals")
    }
    task, output = folder / "task.npz", folder / "found.npz"
    np.savez(task, log_probs=log_probs, lengths=lengths, leading=leading, **parts)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    module = str(Path(graph_loss_k2.__file__))
    subprocess.run([PYTHON, PROGRAM, module, task, output], check=True, env=environment)
    found = np.load(output)
    return torch.from_numpy(found["losses"]), torch.from_numpy(found["gradient"])


@with_k2
@pytest.mark.parametrize("leading", [0, 2])
def test_k2_finds_the_same_losses_and_gradients(tmp_path: Path, leading: int) -> None:
    generator = np.random.default_rng(leading)
    graphs = [pronunciations(draw_words(generator, 6)) for _ in range(40)]
    graphs += [linear([]), linear([1, 1, 1]), linear([2]), linear([2, 3])]
    lengths = torch.from_numpy(generator.integers(6, 25, len(graphs)))
    lengths[-4:] = torch.tensor([leading, leading + 4, leading, 9])
    logits = torch.from_numpy(generator.normal(size=(len(graphs), 24, 6))).float()
    log_probs = logits.log_softmax(-1)
    log_probs[-1, :, 3] = -math.inf
    values = log_probs.clone().requires_grad_()
    losses = graph_losses(values, lengths, graphs, leading)
    (gradient,) = torch.autograd.grad(losses[losses.isfinite()].sum(), values)
    found, found_gradient = by_k2(tmp_path, log_probs, lengths, graphs, leading)
    assert losses[-4:].isinf().tolist() == [False, True, True, True]
    assert losses.isfinite().sum() > 30
    torch.testing.assert_close(found, losses.detach(), rtol=1e-5, atol=1e-4)
    torch.testing.assert_close(found_gradient, gradient, rtol=0, atol=1e-4)


def test_each_backend_is_chosen_by_name() -> None:
    assert losses_of("torch") is graph_losses
    if HERE:
        assert losses_of("k2") is graph_loss_k2.graph_losses
    else:
        with pytest.raises(UserError, match="k2 cannot be imported"):
            losses_of("k2")
