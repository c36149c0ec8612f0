"""What is timed side by side does the same work."""

import pytest
import torch

from schatten.models.layers import run_formed_lstm, run_fused_lstm
from schatten.train import bench


def test_both_projected_lstms_have_one_output_and_one_gradient() -> None:
    torch.manual_seed(1)
    shape = bench.Shape(7, 3, 5, 12)
    fused, formed = (
        bench.ProjectedLayer(shape, 4, run) for run in (run_fused_lstm, run_formed_lstm)
    )
    formed.load_state_dict(fused.state_dict())
    x = torch.randn(shape.batch, shape.frames, shape.inputs)
    for layer in (fused, formed):
        layer(x).square().sum().backward()
    torch.testing.assert_close(formed(x), fused(x))
    for one, other in zip(formed.parameters(), fused.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad, atol=1e-5, rtol=1e-4)


def test_every_width_is_timed_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench, "CELLS", (8,))
    rows = list(bench.by_projection(rounds=1, threads=1))
    assert [width for _, width, _, _ in rows] == [2, 4, 6]
    assert all(fused > 0 and formed > 0 for _, _, fused, formed in rows)
