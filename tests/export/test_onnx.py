"""Exported ONNX models in onnxruntime: whole utterances, chunks, int8."""

import json
from itertools import pairwise

import numpy as np
import pytest
import torch
from small_models import KINDS
from typer.testing import CliRunner

from schatten import models
from schatten.cli import app
from schatten.export.onnx import export_onnx

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")


class Stream:
    """An exported model that runs one utterance."""

    def __init__(self, path):
        self.session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        stored = self.session.get_modelmeta().custom_metadata_map.items()
        self.metadata = {key: json.loads(v) for key, v in stored if key.startswith("schatten.")}
        self.memories = {}
        for name, shape in self.metadata["schatten.steady"].items():
            if name.startswith("front"):
                shape[2] = self.metadata["schatten.start"][int(name.removeprefix("front"))]
            self.memories[name] = np.zeros(shape, np.float32)

    def push(self, features, is_last):
        trailing = np.array(self.metadata["schatten.trailing"]) * is_last
        feed = {"features": features[None], "trailing": trailing, **self.memories}
        names = ["log_probs", *(f"next_{name}" for name in self.memories)]
        log_probs, *after = self.session.run(names, feed)
        self.memories = dict(zip(self.memories, after, strict=True))
        return log_probs


def _features(model, frames):
    draw = np.random.default_rng(2)
    return draw.normal(-8, 2, (frames, len(model.bins_mean))).astype(np.float32)


def _log_probs(model, features):
    with torch.inference_mode():
        return model(torch.from_numpy(features)[None], torch.tensor([len(features)]))[0][0].numpy()


def _exported(model, folder, precision="fp32", frames=None, **options):
    models.save(model, folder / "model.pt")
    export_onnx(folder / "model.pt", precision, frames, folder / "model.onnx", **options)
    return folder / "model.onnx"


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_utterance_is_torchs(tmp_path, kind):
    model = KINDS[kind]()
    features = _features(model, 61)
    found = Stream(_exported(model, tmp_path)).push(features, True)
    expected = _log_probs(model, features)
    assert found.shape == expected.shape
    assert np.abs(found - expected).max() < 1e-4


@pytest.mark.parametrize("kind", ["partial", "joint", "lstm_joint"])
def test_chunks_are_the_whole(tmp_path, kind):
    model = KINDS[kind]()
    features = _features(model, 61)
    stream = Stream(_exported(model, tmp_path))
    bounds = [0, 24, 41, 61]
    parts = [stream.push(features[start:stop], stop == 61) for start, stop in pairwise(bounds)]
    found = np.concatenate(parts)
    assert found.shape == _log_probs(model, features).shape
    assert np.abs(found - _log_probs(model, features)).max() < 1e-4


@pytest.mark.parametrize("kind", ["dense", "split", "joint", "rnn_joint", "lstm"])
@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_layers_written_out_compute_the_same(tmp_path, kind, precision):
    model = KINDS[kind]()
    features = _features(model, 4 * model.settings.stride)
    found = Stream(_exported(model, tmp_path, precision, 4)).push(features, True)
    difference = np.abs(found - _log_probs(model, features)).max()
    assert difference < (1e-4 if precision == "fp32" else 0.02)
    assert precision == "fp32" or difference > 0


def test_written_out_in_int8_no_large_matrix_is_float(tmp_path):
    model = KINDS["dense"]()

    def floats(**options):
        graph = onnx.load(_exported(model, tmp_path, "int8", **options)).graph
        return [
            tuple(one.dims)
            for one in graph.initializer
            if one.data_type == onnx.TensorProto.FLOAT and np.prod(one.dims) > 400
        ]

    recurrent = {(1, 3 * units, units) for units in model.settings.gru}
    assert recurrent <= set(floats(frames=None))
    assert all(len(dims) == 4 for dims in floats(frames=4))  # convolutions
    assert floats(frames=4, int8_convolutions=True) == []


def test_the_verb_writes_onnx(tmp_path):
    models.save(KINDS["dense"](), tmp_path / "model.pt")
    arguments = ["export", "--model", tmp_path / "model.pt", "--precision", "fp32"]
    arguments += ["--output", tmp_path / "model.onnx"]
    done = CliRunner().invoke(app, [str(a) for a in [*arguments, "--format", "onnx"]])
    assert done.exit_code == 0, done.output
    assert "bytes" in done.output
    assert onnx.load(tmp_path / "model.onnx").producer_name == "schatten"
    refused = CliRunner().invoke(app, [str(a) for a in [*arguments, "--frames", 4]])
    assert "--format onnx" in str(refused.exception)
