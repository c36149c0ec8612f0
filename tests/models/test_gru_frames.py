"""The loops that are compiled for a GRU's training compute what torch's operations do."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from schatten.compress import factor_fully
from schatten.compress.bank import Matrix, WeightBank
from schatten.models import gru_frames
from schatten.models.gru import GruBiases, run_gru
from schatten.models.gru_frames import (
    SOURCE,
    Backward,
    CompiledFrames,
    Forward,
    FrameKernels,
    TorchFrames,
)
from schatten.models.packing import Packing
from schatten.runtime.compiled import compiled_library


def run_frame(kernels: FrameKernels, kind: torch.dtype) -> list[Tensor]:
    """Run one frame forward and backward on values of up to +-40, where gates saturate."""
    torch.manual_seed(3)
    rows, later, hidden = 5, 3, 37
    values = [torch.randn(rows, 3 * hidden, dtype=torch.float64) * 10 for _ in range(2)]
    product, gates = (one.to(kind) for one in values)
    bias, new_bias = torch.randn(3 * hidden).to(kind), torch.randn(hidden).to(kind)
    before, gradient, carried = (torch.randn(rows, hidden).to(kind) for _ in range(3))
    inner, state, to_new = (torch.full((rows, hidden), torch.nan, dtype=kind) for _ in range(3))
    to_product = torch.full((rows, 3 * hidden), torch.nan, dtype=kind)
    carried[later:] = torch.nan  # nothing came from the next frame
    kernels.forward(Forward(product, bias, new_bias, before, gates, inner, state))
    kernels.backward(Backward(gradient, gates, inner, before, carried, to_product, to_new), later)
    return [gates, inner, state, carried, to_product, to_new]


@pytest.mark.parametrize(
    ("name", "kind", "tolerance"),
    [("float", torch.float32, 2e-5), ("double", torch.float64, 1e-12)],
)
def test_compiled_frames_are_those_of_torch(name: str, kind: torch.dtype, tolerance: float) -> None:
    found = run_frame(CompiledFrames(compiled_library(SOURCE), name), kind)
    expected = run_frame(TorchFrames(), torch.float64)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one.double(), other, atol=tolerance, rtol=tolerance)


def test_without_a_compiler_torch_computes_and_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CXX", str(tmp_path / "none"))
    kernels = gru_frames.kernels_of.__wrapped__(torch.float32)
    assert isinstance(kernels, TorchFrames)
    assert "no C++ compiler was found" in capsys.readouterr().out


def test_a_compiler_that_fails_is_reported_with_what_it_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    compiler = tmp_path / "c++"
    compiler.write_text("#!/bin/sh\n[ $1 = --version ] || { echo no room >&2; exit 1; }\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("CXX", str(compiler))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert isinstance(gru_frames.kernels_of.__wrapped__(torch.float32), TorchFrames)
    assert "no room" in capsys.readouterr().out
    assert not list((tmp_path / "cache" / "schatten").iterdir())


def test_frames_are_packed_and_spread_again_with_their_gradients() -> None:
    lengths = torch.tensor([2, 4, 0, 3])
    x = torch.randn(4, 5, 3, requires_grad=True)
    packing = Packing(lengths, 5)
    assert packing.sizes == [3, 3, 2, 1]
    frames = packing.pack(x)
    # The longest utterance first: its frame 0, then those of the next ones.
    torch.testing.assert_close(frames[:4], x[[1, 3, 0, 1], [0, 0, 0, 1]])
    torch.testing.assert_close(packing.before(frames), frames[[0, 1, 2, 3, 4, 6]])
    mask = torch.arange(5)[None] < lengths[:, None]
    spread = packing.unpack(frames * 2)
    torch.testing.assert_close(spread, 2 * x * mask[..., None])
    weights = torch.randn(4, 5, 3)
    (gradient,) = torch.autograd.grad((spread * weights).sum(), x)
    torch.testing.assert_close(gradient, 2 * weights * mask[..., None])


def test_a_batch_without_a_frame_has_none() -> None:
    packing = Packing(torch.zeros(2, dtype=torch.long), 3)
    assert packing.sizes == []
    assert packing.unpack(packing.pack(torch.randn(2, 3, 4))).abs().sum() == 0


def test_a_factored_matrix_is_applied_where_frames_are_few() -> None:
    torch.manual_seed(0)
    matrices = [
        Matrix("nonrec", torch.randn(30, 10), "x", gates=3),
        Matrix("rec", torch.randn(30, 10), "h", recurrent=True, gates=3),
    ]
    bank = WeightBank(matrices, "partial")
    factor_fully(bank)
    assert set(bank.right_factors(recurrent=True, frames=5)) == {"nonrec"}
    assert not bank.right_factors(recurrent=True, frames=500)
    assert not bank.right_factors(recurrent=True)


@pytest.mark.parametrize("lengths", [[0, 0], []])
def test_a_batch_without_a_frame_has_no_gradient(lengths: list[int]) -> None:
    """One process of several may have such a share of a batch."""
    packing = Packing(torch.tensor(lengths, dtype=torch.long), 3)
    biases = GruBiases(4)
    nonrec, rec = (torch.randn(12, size, requires_grad=True) for size in (5, 4))
    states = run_gru(torch.randn(0, 5, requires_grad=True), packing, nonrec, rec, biases)
    assert states.shape == (0, 4)
    states.sum().backward()
    assert not nonrec.grad.any() and not rec.grad.any()


def test_without_a_home_torch_computes_and_it_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def home() -> Path:
        raise RuntimeError("no home")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", home)
    assert isinstance(gru_frames.kernels_of.__wrapped__(torch.float32), TorchFrames)
    assert "set XDG_CACHE_HOME" in capsys.readouterr().out
