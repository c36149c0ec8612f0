"""Int8 products of exported ONNX models against integers in numpy, operands at their extremes.

onnxruntime's products of weights with sign are wrong there on CPUs without VNNI; such a CPU is
emulated too, so that these tests can fail on any machine.
"""

import json
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from small_models import KINDS

from schatten import models
from schatten.export.onnx import export_onnx

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

from onnx.reference import ReferenceEvaluator  # noqa: E402
from onnx.reference.op_run import OpRun  # noqa: E402

from schatten.export.onnx_graph import Graph  # noqa: E402
from schatten.export.onnx_int8 import quantize  # noqa: E402


def _quantized(graph, path, signed=False):
    quantize(graph.model({}), path, convolutions=True, signed_products=signed)
    return path


def _signs(*shape):
    """Draw +1 and -1, a column (or a channel) of the one and of the other among them."""
    signs = np.random.default_rng(3).choice([-1.0, 1.0], shape)
    signs[..., 0], signs[..., 1] = 1, -1
    return signs


def _product(path, terms, signed=False):
    """Export x (3, terms) times weights that are -127 or 127 of 1/127: (3, 16)."""
    graph = Graph()
    weights = _signs(terms, 16)
    x = graph.input("x", [3, terms])
    graph.output("y", graph.op("MatMul", [x, graph.constant("w", weights)]), [3, 16])
    return _quantized(graph, path, signed), weights


def _extremes(rows, terms, low):
    """Make rows that are quantized to 255, to 255 or 0, and to 0, with steps of 1."""
    x = np.full((rows, terms), 255.0 + low, np.float32)
    x[1] = np.random.default_rng(4).choice([low, 255.0 + low], terms)
    x[2] = low
    return x


def _run(path, feed, evaluator=None):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = evaluator or onnxruntime.InferenceSession(
        path, options, providers=["CPUExecutionProvider"]
    )
    return session.run(None, feed)


@pytest.mark.parametrize("terms", [64, 67, 4096])
@pytest.mark.parametrize("low", [0.0, -128.0, -255.0])
def test_products_are_exact(tmp_path, terms, low):
    path, weights = _product(tmp_path / "model.onnx", terms)
    x = _extremes(3, terms, low)
    found = _run(path, {"x": x})[0]
    assert np.abs(found - x.astype(np.float64) @ weights).max() <= 1e-6 * 255 * terms


@pytest.mark.parametrize("low", [0.0, -128.0])
def test_convolutions_are_exact(tmp_path, low):
    graph = Graph()
    weights = _signs(5, 3, 7, 16).transpose(3, 0, 1, 2)  # (16, 5, 3, 7)
    weights[0], weights[1] = 1, -1
    x = graph.input("x", [1, 5, 9, 7])
    bias = graph.constant("b", np.zeros(16))
    y = graph.op("Conv", [x, graph.constant("w", weights), bias], kernel_shape=[3, 7])
    graph.output("y", y, [1, 16, 7, 1])
    path = _quantized(graph, tmp_path / "model.onnx")
    assert "ConvInteger" in {node.op_type for node in onnx.load(path).graph.node}
    x = _extremes(9, 35, low).reshape(1, 9, 5, 7).transpose(0, 2, 1, 3)
    windows = np.lib.stride_tricks.sliding_window_view(x[0], 3, axis=1)  # (5, 7, 7, 3)
    expected = np.einsum("ctbk,ockb->ot", windows.astype(np.float64), weights)
    found = _run(path, {"x": np.ascontiguousarray(x)})[0][0, :, :, 0]
    assert np.abs(found - expected).max() <= 1e-6 * 255 * 105


class DynamicQuantizeLSTM(OpRun):
    """onnxruntime's int8 LSTM in numpy: its inputs whole, its states step by step."""

    op_domain = "com.microsoft"

    def _run(self, x, w, r, b, _lengths, state, cell, _peepholes, *scales, hidden_size=None):
        w_scale, w_zero, r_scale, r_zero = (each.reshape(-1) for each in scales)
        integers = _uint8_product(x[:, 0], w[0], w_zero) * w_scale
        bias = b[0, : 4 * hidden_size] + b[0, 4 * hidden_size :]
        state, cell, states = state[0], cell[0], []
        for one in integers:
            gates = one + bias + _uint8_product(state, r[0], r_zero) * r_scale
            put, out, forget = (
                1 / (1 + np.exp(-part)) for part in np.split(gates[:, : 3 * hidden_size], 3, 1)
            )
            cell = forget * cell + put * np.tanh(gates[:, 3 * hidden_size :])
            state = out * np.tanh(cell)
            states.append(state)
        y = np.stack(states)[:, None].astype(np.float32)
        return y, state[None].astype(np.float32), cell[None].astype(np.float32)


def _uint8_product(x, weights, zero):
    """Quantize x as DynamicQuantizeLinear does and multiply whole numbers; x's scale is applied."""
    low, high = min(x.min(), 0), max(x.max(), 0)
    scale = np.float32((high - low) / 255) or np.float32(1)
    middle = np.rint(np.clip(-low / scale, 0, 255)).astype(np.int64)
    whole = np.clip(np.rint(x / scale) + middle, 0, 255).astype(np.int64) - middle
    return (whole @ (weights.astype(np.int64) - zero.astype(np.int64))) * np.float64(scale)


FORMS = {
    "GRU written out": ("dense", 4, False),
    "GRU written out, convolutions": ("dense", 4, True),
    "GRU operator": ("dense", None, False),
    "LSTM written out": ("lstm", 4, False),
    "LSTM operator": ("lstm", None, False),
}


def _exported(folder, form, signed=False):
    """Export a model whose weights are all at the extremes, and draw a chunk for it."""
    kind, frames, convolutions = FORMS[form]
    model = KINDS[kind]()
    with torch.no_grad():
        for _, weight in model.bank.items():
            weight.dense.copy_(0.1 * weight.dense.sign())
    models.save(model, folder / "model.pt")
    path = folder / "model.onnx"
    export_onnx(folder / "model.pt", "int8", frames, path, convolutions, signed)
    stored = {one.key: one.value for one in onnx.load(path).metadata_props}
    draw = np.random.default_rng(2)
    shape = (1, 4 * model.settings.stride, len(model.bins_mean))
    feed = {
        "features": draw.normal(-8, 2, shape).astype(np.float32),
        "trailing": np.zeros(len(json.loads(stored["schatten.start"])), np.int64),
    }
    for name, shape in json.loads(stored["schatten.steady"]).items():
        feed[name] = draw.choice([-1, 1], shape).astype(np.float32)
    return path, feed


def _expected(path, feed):
    evaluator = ReferenceEvaluator(str(path), new_ops=[DynamicQuantizeLSTM])
    return _run(path, feed, evaluator)


@pytest.mark.parametrize("form", FORMS)
def test_models_are_what_integers_in_numpy_give(tmp_path, form):
    path, feed = _exported(tmp_path, form)
    for found, expected in zip(_run(path, feed), _expected(path, feed), strict=True):
        assert np.abs(found - expected).max() < 1e-4


@pytest.mark.parametrize("form", FORMS)
def test_both_forms_have_the_same_integers(tmp_path, form):
    found = {}
    for signed in (False, True):
        path, _ = _exported(tmp_path, form, signed)
        values = onnx.load(path).graph.initializer
        found[signed] = {one.name: onnx.numpy_helper.to_array(one) for one in values}
    assert all(value.dtype != np.int8 for value in found[False].values())
    whole = {name: value for name, value in found[True].items() if value.dtype == np.int8}
    assert whole
    for name, value in whole.items():
        assert np.array_equal(found[False][name], value.astype(int) + 128)


EMULATED = """
import sys, numpy, onnxruntime
print(numpy._core._multiarray_umath.__cpu_features__["AVX2"])
for path in sys.argv[1:]:
    feed = dict(numpy.load(path + ".npz"))
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    numpy.savez(path + ".out.npz", *session.run(None, feed))
"""


def _emulate(files, cpu):
    """Run models on an emulated CPU; return the results of each."""
    for path, feed in files:
        np.savez(f"{path}.npz", **feed)
    command = ["qemu-x86_64", "-cpu", cpu, sys.executable, "-c", EMULATED]
    command += [str(path) for path, _ in files]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr[-2000:]
    if done.stdout.split() != ["True"]:
        pytest.skip("this qemu-x86_64 has no AVX2: 7.2 and later have")
    return [list(np.load(f"{path}.out.npz").values()) for path, _ in files]


@pytest.mark.skipif(platform.machine() != "x86_64", reason="runs this Python on an emulated x86")
@pytest.mark.skipif(shutil.which("qemu-x86_64") is None, reason="qemu-x86_64 not installed")
def test_products_are_exact_without_vnni_and_those_with_sign_are_not(tmp_path):
    files = {}
    for signed in (False, True):
        for form in ("product", *FORMS):
            folder: Path = tmp_path / f"{form} {signed}"
            folder.mkdir()
            if form == "product":
                path, _ = _product(folder / "model.onnx", 64, signed)
                files[form, signed] = (path, {"x": _extremes(3, 64, 0.0)})
            else:
                files[form, signed] = _exported(folder, form, signed)
    found = dict(zip(files, _emulate(list(files.values()), "Haswell"), strict=True))
    assert found["product", False][0][0, 0] == pytest.approx(2_072_640 / 127)  # 64 * 255 * 127
    assert found["product", True][0][0, 0] == pytest.approx(1_048_544 / 127)  # 32 * 32767
    for form in FORMS:
        expected = _expected(*files[form, False])
        off = {
            signed: max(
                np.abs(a - b).max() for a, b in zip(found[form, signed], expected, strict=True)
            )
            for signed in (False, True)
        }
        assert off[False] < 1e-4, form
        assert off[True] > 0.05 or form == "GRU operator", form
