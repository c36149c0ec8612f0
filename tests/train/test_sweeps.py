"""The sweeps that are compiled for a CPU compute what torch's operations do."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from toy_state_graphs import draw_words

from schatten.runtime.compiled import compiled_library
from schatten.train import sweeps
from schatten.train.graph_loss import graph_losses, pair_losses
from schatten.train.sweeps import SOURCE, CompiledSweeps, Sweeps, TorchSweeps
from schatten.train.trellis import IMPOSSIBLE, Trellis
from schatten.units.graph import StateGraph, pronunciations

UNITS, FRAMES = 5, 30


def drawn(seed: int) -> tuple[list[StateGraph], Tensor, Tensor]:
    """Return graphs with weights on arcs and ends, log-probabilities in float64, and lengths."""
    generator = np.random.default_rng(seed)
    graphs = []
    for _ in range(7):
        graph = pronunciations(draw_words(generator, UNITS, most=5))
        weights = generator.normal(size=len(graph.sources))
        ends = generator.normal(size=len(graph.finals))
        graphs.append(replace(graph, weights=weights, final_weights=ends))
    logits = torch.from_numpy(generator.normal(scale=3.0, size=(7, FRAMES, UNITS)))
    logits[0, 3, 1:] = -torch.inf
    lengths = torch.from_numpy(generator.integers(8, FRAMES + 1, 7))
    lengths[1] = 0
    return graphs, logits.log_softmax(-1), lengths


def ended_otherwise(graph: StateGraph) -> StateGraph:
    """Return the same states with other finals."""
    finals = np.arange(len(graph))[1::2]
    return replace(graph, finals=finals, final_weights=np.linspace(-1.0, 0.0, len(finals)))


def run(found: Sweeps, seed: int, kind: torch.dtype) -> list[Tensor]:
    """Return the scores, the likelihoods and the occupancies of drawn graphs that end in two ways.

    States that cannot be reached all have the same score.
    """
    graphs, log_probs, lengths = drawn(seed)
    trellis = Trellis.of(graphs, UNITS, True, [ended_otherwise(graph) for graph in graphs])
    table = trellis.table(log_probs.to(kind), lengths)
    reached = found.reached(trellis, table)
    ends = trellis.likelihoods(reached)
    possible = [(end > IMPOSSIBLE / 10)[:, None, None] for end in ends]
    occupied = (found.occupancies(trellis, table, reached, e, way) for way, e in enumerate(ends))
    shares = [torch.where(*both, 0.0) for both in zip(possible, occupied, strict=True)]
    assert sum(float(one.sum()) for one in shares) > 50
    scores = [one.clamp(min=IMPOSSIBLE / 10) for one in (reached, *ends)]
    return [one.double() for one in (*scores, *shares)]


@pytest.mark.parametrize(
    ("name", "kind", "tolerance"),
    [("float", torch.float32, 1e-4), ("double", torch.float64, 1e-11)],
)
@pytest.mark.parametrize("seed", range(4))
def test_compiled_sweeps_are_those_of_torch(
    name: str, kind: torch.dtype, tolerance: float, seed: int
) -> None:
    found = run(CompiledSweeps(compiled_library(SOURCE), name), seed, kind)
    expected = run(TorchSweeps(), seed, torch.float64)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, atol=tolerance, rtol=1e-6)


@pytest.mark.parametrize("leading", [0, 2])
def test_losses_of_a_pair_are_those_of_each(leading: int) -> None:
    graphs, log_probs, lengths = drawn(9)
    others = [ended_otherwise(graph) for graph in graphs]
    weights = torch.arange(1.0, 8.0, dtype=torch.float64)
    found, gradients = [], []
    for way in range(2):
        values = log_probs.clamp(min=-50.0).requires_grad_()
        if way:
            pair = pair_losses(values, lengths, graphs, others, leading)
        else:
            pair = tuple(graph_losses(values, lengths, one, leading) for one in (graphs, others))
        fits = pair[0].isfinite() & pair[1].isfinite()
        assert fits.sum() >= 3
        (weights * (pair[1] - 2.0 * pair[0]))[fits].sum().backward()
        found.append(torch.stack(pair))
        gradients.append(values.grad)
    torch.testing.assert_close(*found, atol=1e-10, rtol=0)
    torch.testing.assert_close(*gradients, atol=1e-10, rtol=0)


def test_without_a_compiler_torch_computes_and_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CXX", str(tmp_path / "none"))
    assert isinstance(sweeps._on_cpu.__wrapped__(torch.float32), TorchSweeps)
    assert "no C++ compiler was found" in capsys.readouterr().out
