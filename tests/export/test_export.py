"""Exported files: the same bytes each time, small, whole or absent, and true to the model."""

import gguf
import numpy as np
import pytest
import torch
from small_models import ALPHABET, KINDS, PHONES, deep_speech_2, make
from typer.testing import CliRunner

from schatten import models
from schatten.cli.export import app
from schatten.errors import UserError
from schatten.export.folding import affine, fold
from schatten.export.quantize import quantize_rows
from schatten.export.run import export
from schatten.models.layers import MaskedBatchNorm
from schatten.recipe.models import Convolution, DeepSpeech2


@pytest.fixture
def saved(tmp_path):
    def save(model):
        models.save(model, tmp_path / "model.pt")
        return tmp_path / "model.pt"

    return save


def _tensors(path):
    return {tensor.name: tensor.data for tensor in gguf.GGUFReader(path).tensors}


def _value(path, key):
    return gguf.GGUFReader(path).fields[key].contents()


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_the_same_model_gives_the_same_bytes(saved, tmp_path, precision):
    model = saved(KINDS["joint"]())
    first, second = tmp_path / "first.gguf", tmp_path / "second.gguf"
    export(model, precision, first)
    export(model, precision, second)
    assert first.read_bytes() == second.read_bytes()


def test_a_norm_is_folded_exactly():
    torch.manual_seed(2)
    norm = MaskedBatchNorm(6).eval()
    norm.running_mean += torch.randn(6)
    norm.running_var *= 3
    norm.weight.data = torch.randn(6)
    norm.bias.data = torch.randn(6)
    matrix, x = torch.randn(4, 6), torch.randn(1, 5, 6)
    folded, bias = fold(matrix.double().numpy(), affine(norm))
    expected = (norm(x) @ matrix.T).detach().numpy()[0]
    assert np.allclose(x.numpy()[0] @ folded.T + bias, expected, atol=1e-5)


def test_quantized_rows_are_within_half_a_step():
    matrix = np.random.default_rng(1).normal(size=(5, 40)) * 10.0 ** np.arange(-6, 4, 2)[:, None]
    matrix[2] = 0
    whole, scales = quantize_rows(matrix)
    assert whole.min() == -127 or whole.max() == 127
    assert np.all(np.abs(whole * scales[:, None] - matrix) <= 0.5001 * scales[:, None])
    assert scales[2] == 0
    assert not whole[2].any()


def test_int8_stores_every_large_matrix_in_bytes(saved, tmp_path):
    model = saved(KINDS["partial"]())
    export(model, "int8", tmp_path / "int8.gguf")
    export(model, "fp32", tmp_path / "fp32.gguf")
    small, exact = _tensors(tmp_path / "int8.gguf"), _tensors(tmp_path / "fp32.gguf")
    matrices = [name for name in small if f"{name}.scale" in small]
    assert {name for name, value in exact.items() if value.ndim == 2} == set(matrices)
    for name in matrices:
        scales = small[f"{name}.scale"][:, None]
        assert small[name].dtype == np.int8
        assert np.all(np.abs(small[name] * scales - exact[name]) <= 0.501 * scales)


def test_a_shared_right_factor_is_stored_once(saved, tmp_path):
    model = KINDS["joint"]()
    export(saved(model), "fp32", tmp_path / "joint.gguf")
    tensors = _tensors(tmp_path / "joint.gguf")
    shared = _value(tmp_path / "joint.gguf", "schatten.layer.3.nonrec.0.v.shares")
    assert shared == "layer.2.rec.0.v"
    assert shared in tensors
    assert "layer.3.nonrec.0.v" not in tensors
    gains = sum(value.size for name, value in tensors.items() if name.endswith("gain"))
    layers = sum(value.size for name, value in tensors.items() if name.startswith("layer"))
    own_gains = gains - tensors["features.gain"].size
    assert layers - own_gains == model.parameters_at_inference()


@pytest.mark.parametrize("kind", ["dense", "split", "lstm"])
def test_what_is_stored_is_what_is_counted(saved, tmp_path, kind):
    model = KINDS[kind]()
    export(saved(model), "fp32", tmp_path / "model.gguf")
    tensors = _tensors(tmp_path / "model.gguf")
    layers = sum(value.size for name, value in tensors.items() if name.startswith("layer"))
    assert layers == model.parameters_at_inference()
    assert _value(tmp_path / "model.gguf", "schatten.parameters") == layers


@pytest.mark.parametrize(("gru", "rank", "bound"), [((800, 900), None, 1.05), ((160,), 40, 1.2)])
def test_size_on_disk(saved, tmp_path, gru, rank, bound):
    convolution = Convolution(channels=16, kernel=(5, 7), stride=(2, 2))
    settings = DeepSpeech2(
        type="deep_speech_2", convolutions=(convolution,), gru=gru, fully_connected=400
    )
    model = make(settings, rank=rank)
    export(saved(model), "int8", tmp_path / "model.gguf")
    assert (tmp_path / "model.gguf").stat().st_size <= bound * model.parameters_at_inference()


def test_latency_counts_window_look_ahead_and_batch(saved, tmp_path):
    export(saved(make(deep_speech_2())), "int8", tmp_path / "model.gguf")
    look_ahead = 5 // 2 + 2 * (4 // 2)
    seconds = 0.025 + 0.01 * (look_ahead + 3 * 2)
    assert _value(tmp_path / "model.gguf", "schatten.latency.look_ahead_frames") == look_ahead
    assert _value(tmp_path / "model.gguf", "schatten.latency.seconds") == pytest.approx(seconds)
    assert _value(tmp_path / "model.gguf", "schatten.units") == ["<blank>", " ", *ALPHABET]


def test_the_verb_says_what_it_wrote(saved, tmp_path):
    output = tmp_path / "deeper" / "model.int8.gguf"
    arguments = ["--model", saved(KINDS["dense"]()), "--precision", "int8", "--output", output]
    done = CliRunner().invoke(app, ["export", *map(str, arguments)])
    assert done.exit_code == 0
    assert f"{output.stat().st_size} bytes" in done.stdout


def test_a_broken_model_leaves_no_file(tmp_path):
    (tmp_path / "model.pt").write_bytes(b"no model")
    arguments = ["--model", tmp_path / "model.pt", "--precision", "int8"]
    arguments += ["--output", tmp_path / "model.gguf"]
    done = CliRunner().invoke(app, ["export", *map(str, arguments)])
    assert "no whole model file" in str(done.exception)
    assert [path.name for path in tmp_path.iterdir()] == ["model.pt"]


def test_units_that_are_not_characters_name_their_kind(saved, tmp_path):
    output = tmp_path / "model.gguf"
    export(saved(KINDS["lstm_phones"]()), "fp32", output)
    assert _value(output, "schatten.units") == list(PHONES.names)
    assert _value(output, "schatten.units.kind") == "phones"
    assert "schatten.units.separator" not in gguf.GGUFReader(output).fields
    export(saved(KINDS["lstm"]()), "fp32", output)
    assert "schatten.units.kind" not in gguf.GGUFReader(output).fields


NOT_NUMBERS = {
    "bank.weights": float("nan"),
    "bias": float("-inf"),
    "norms.0.running_var": float("nan"),
    "norms.0.running_mean": float("inf"),
    "bins_mean": float("nan"),
    "bins_deviation": float("-inf"),
}
"""Values by the first tensor whose name holds this text."""


@pytest.mark.parametrize("name", NOT_NUMBERS)
@pytest.mark.parametrize("form", ["gguf", "onnx"])
def test_a_model_that_is_not_numbers_is_refused_by_tensor(saved, tmp_path, name, form):
    path, output = saved(KINDS["dense"]()), tmp_path / f"out.{form}"
    content = torch.load(path, weights_only=True)
    tensor = next(one for one in content["state"] if name in one)
    content["state"][tensor].flatten()[0] = NOT_NUMBERS[name]
    torch.save(content, path)
    options = ["--model", path, "--precision", "int8", "--output", output, "--format", form]
    done = CliRunner().invoke(app, ["export", *map(str, options)])
    assert isinstance(done.exception, UserError)
    assert f"{path}: tensor {tensor} holds values that are not finite" in str(done.exception)
    assert "train it again" in str(done.exception)
    assert not output.exists()


@pytest.mark.parametrize(
    ("name", "value", "exported"),
    [
        ("norms.0.running_var", -1.0, r"layer\.2\.nonrec\.0"),
        ("bins_deviation", 0.0, r"features\.gain"),
        ("convolutions.0.norm.weight", 1e38, r"layer\.0\.nonrec\.0"),
    ],
)
@pytest.mark.parametrize("form", ["gguf", "onnx"])
def test_numbers_that_give_none_are_refused(saved, tmp_path, name, value, exported, form):
    model = KINDS["dense"]()
    tensor = model.state_dict()[name]
    tensor.flatten()[0] = value
    if value == 1e38:
        model.state_dict()["convolutions.0.norm.running_var"].fill_(1e-12)
    options = ["--model", saved(model), "--output", tmp_path / "out", "--format", form]
    done = CliRunner().invoke(app, ["export", "--precision", "fp32", *map(str, options)])
    with pytest.raises(UserError, match=rf"model\.pt gives values .*{exported}"):
        raise done.exception
    assert not (tmp_path / "out").exists()


def test_a_model_that_is_not_numbers_is_not_saved(tmp_path):
    model = KINDS["dense"]()
    model.bins_mean[0] = torch.nan
    with pytest.raises(UserError, match=r"model\.pt: tensor bins_mean"):
        models.save(model, tmp_path / "model.pt")
    assert not list(tmp_path.iterdir())
