"""Layers that are timed side by side compute the same."""

from pathlib import Path

import pytest
import torch
from small_data import write_data
from typer.testing import CliRunner

from schatten import recipe
from schatten.cli import app
from schatten.errors import UserError
from schatten.models.layers import run_formed_lstm, run_fused_lstm
from schatten.train.objectives.ctc import ctc_losses
from schatten_bench import model_step, training_step, training_throughput
from schatten_bench.training_profile import profile_step


def test_both_projected_lstms_have_one_output_and_one_gradient() -> None:
    torch.manual_seed(1)
    shape = training_step.LayerShape(7, 3, 5, 12)
    fused, formed = (
        training_step.ProjectedLstmLayer(shape, 4, run) for run in (run_fused_lstm, run_formed_lstm)
    )
    formed.load_state_dict(fused.state_dict())
    x = torch.randn(shape.batch, shape.frames, shape.inputs)
    for layer in (fused, formed):
        layer(x).square().sum().backward()
    torch.testing.assert_close(formed(x), fused(x))
    for one, other in zip(formed.parameters(), fused.parameters(), strict=True):
        torch.testing.assert_close(one.grad, other.grad, atol=1e-5, rtol=1e-4)


def test_factored_and_applied_layers_have_the_output_of_the_dense_one() -> None:
    shape = training_step.LayerShape(7, 3, 6, 4)
    x = torch.randn(shape.batch, shape.frames, shape.inputs)
    whole = training_step.GruLayer(shape, "factored")
    for form in ("applied", "both"):
        layer = training_step.GruLayer(shape, form, rank=2)
        formed = training_step.GruLayer(shape, "formed", rank=2)
        formed.load_state_dict(layer.state_dict())
        assert set(layer.bank.inner(recurrent=True)) == (
            {"nonrec"} if form == "applied" else {"nonrec", "rec"}
        )
        torch.testing.assert_close(layer(x), formed(x))
    for form in ("dense", "former", "torch"):
        layer = training_step.GruLayer(shape, form)
        layer.bank.fill(whole.bank.form())
        torch.testing.assert_close(layer(x), whole(x))


def test_every_form_is_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_step, "SHAPES", (training_step.LayerShape(5, 2, 6, 4),))
    ((_, seconds),) = training_step.time_stage1_forms(rounds=1, threads=1)
    assert set(seconds) == {"dense", "factored", "former", "torch"}
    (row,) = training_step.time_stage2_by_rank(rounds=1, threads=1)
    assert set(row.formed) == set(row.applied) == set(row.both) == set(training_step.SIZES)
    assert min(row.l2, row.trace_norm, *row.both.values()) > 0


@pytest.mark.parametrize("system", ["dense", "projection"])
def test_a_recipes_model_is_timed_factored_and_dense(tmp_path: Path, system: str) -> None:
    _, _, path = write_data(tmp_path)
    found = model_step.time_model_step(recipe.load(str(path)), system, 16.0, rounds=1, device="cpu")
    assert (found.utterances, found.device) == (2, "CPU, threads: 1")
    assert found.dense > 0
    assert found.factored > 0


def test_a_gpu_that_is_not_there_is_refused() -> None:
    number = torch.cuda.device_count()
    command = ["bench-model", "--recipe", "wsj/paper", "--system", "dense"]
    result = CliRunner().invoke(app, [*command, "--device", f"cuda:{number}"])
    assert isinstance(result.exception, UserError)
    assert f"torch sees {number} GPUs here" in str(result.exception)


def test_every_width_is_timed_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_step, "CELLS", (8,))
    rows = list(training_step.time_projected_lstms(rounds=1, threads=1))
    assert [width for _, width, _, _ in rows] == [2, 4, 6]
    assert all(fused > 0 and formed > 0 for _, _, fused, formed in rows)


def test_the_former_step_has_todays_loss_and_gradients() -> None:
    settings = recipe.load("voicesearch_like/smoke")
    training = settings.trainings["default"]
    torch.set_num_threads(1)
    features, lengths, labels = training_throughput._batch(settings, training)
    features, lengths, labels = features[:3], lengths[:3], labels[:3]
    found = []
    for former in (True, False):
        model = training_throughput._model(settings, former)
        log_probs, frames = model(features, lengths)
        loss = ctc_losses(log_probs, frames, labels).sum()
        names = [name for name, _ in model.named_parameters()]
        found.append((loss, torch.autograd.grad(loss, list(model.parameters()))))
    (loss, gradients), (other, others) = found
    torch.testing.assert_close(loss, other, rtol=1e-4, atol=0.0)
    for name, one, same in zip(names, gradients, others, strict=True):
        error = float((one - same).norm() / one.norm())
        assert error < 1e-2, (name, error)


def test_audio_a_cpu_second_is_timed_each_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_throughput, "RECIPES", ("voicesearch_like/smoke",))
    monkeypatch.setattr(training_throughput, "PRODUCT", 64)
    (found,) = training_throughput.time_throughput(rounds=1)
    assert set(found.seconds) == {"former", "today", "bf16"}
    assert 25 < found.audio <= 30
    assert min(*found.seconds.values(), found.operations, found.product_rate) > 0


def test_a_profile_shares_out_the_whole_step() -> None:
    gru, x = (
        training_step.GruLayer(training_step.LayerShape(7, 3, 6, 4), "dense"),
        torch.ones(3, 7, 6),
    )
    found = profile_step(lambda: gru(x).sum().backward(), 2)
    assert found.seconds > 0
    assert sum(found.shares.values()) == pytest.approx(1)
    assert found.shares["products"] > 0
    assert found.shares["a frame of a GRU beside its products"] > 0
    assert found.shares["convolutions"] == found.shares["CTC"] == 0
