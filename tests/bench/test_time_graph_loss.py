"""The graph loss and torch's CTC loss are timed on the same labels."""

import pytest
import torch
from typer.testing import CliRunner

from schatten.cli import app
from schatten_bench import graph_loss


def test_every_loss_is_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(graph_loss, "SHAPES", (graph_loss.LossShape(2, 12, 4, 5),))
    monkeypatch.setattr(torch, "set_num_threads", lambda _: None)
    result = CliRunner().invoke(app, ["bench-graph-loss", "--rounds", "1"])
    assert result.exit_code == 0, result.output
    title, _, row = result.output.splitlines()
    assert title.startswith("Graph loss by torch, forward + backward, CPU")
    assert row.startswith("2 x 12 x 4 x 5 ")
    assert all(float(value) > 0 for value in row.split()[-2:])
