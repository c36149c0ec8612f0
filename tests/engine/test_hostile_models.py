"""Models made to harm: refused by name, in little memory and time; so are those without numbers."""

import subprocess

import gguf
import numpy as np
import pytest
from small_models import KINDS

from schatten import models
from schatten.export import layers
from schatten.export.run import export

MEMORY = 200_000
"""Kilobytes of address space: a small model takes a tenth."""


@pytest.fixture
def said(build):
    """Run the program with little memory; return its status and its message."""
    program = build("shared") / "engine/schatten-recognize"

    def run(model, stdin=b""):
        command = ["sh", "-c", f'ulimit -v {MEMORY}; exec "$@"', "sh", program, model]
        done = subprocess.run(command, check=False, input=stdin, capture_output=True, timeout=60)
        return done.returncode, done.stderr.decode()

    return run


def written(path, layers, change=lambda writer: None, bins=257):
    """Write a model with log-linear features, layers of these kinds and nothing in them."""
    writer = gguf.GGUFWriter(path, "schatten")
    writer.add_uint32("schatten.version", 1)
    writer.add_string("schatten.precision", "int8")
    writer.add_uint64("schatten.parameters", 1)
    writer.add_float32("schatten.latency.seconds", 1.0)
    writer.add_array("schatten.units", ["<blank>", "a"])
    writer.add_array("schatten.layers", layers)
    for key, value in (("sample_rate", 16000), ("shift", 160), ("bins", bins), ("window", 400)):
        writer.add_uint32(f"schatten.features.{key}", value)
    writer.add_float32("schatten.features.preemphasis", 0.97)
    writer.add_float32("schatten.features.floor", 1e-10)
    for name, size in (("window", 400), ("gain", bins), ("offset", bins)):
        writer.add_tensor(f"features.{name}", np.ones(size, np.float32))
    change(writer)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_tensors_that_share_bytes_are_refused(made, said, tmp_path):
    """One tensor under many names would be packed as often."""
    whole = made("joint", "int8")[1].read_bytes()
    path = tmp_path / "model.gguf"
    names = [tensor.name for tensor in gguf.GGUFReader(made("joint", "int8")[1]).tensors]
    for name, shift in ((names[-1], 0), (names[-1], 32), (names[0], 32)):
        path.write_bytes(whole)
        reader = gguf.GGUFReader(path, "r+")
        by_name = {tensor.name: tensor for tensor in reader.tensors}
        largest = max(reader.tensors, key=lambda tensor: tensor.n_bytes)
        offset = by_name[name].field.parts[-1]
        offset[0] = largest.field.parts[-1][0] + shift
        reader.data.flush()
        assert said(path) == (
            1,
            f"schatten-recognize: {path} is damaged: two tensors share bytes; export or copy the "
            "model again\n",
        )


def test_plain_layers_without_a_bound_of_their_states_are_refused(said, tmp_path, monkeypatch):
    monkeypatch.setattr(layers, "STATE_CLIP", None)
    models.save(KINDS["rnn"](), tmp_path / "model.pt")
    export(tmp_path / "model.pt", "fp32", tmp_path / "model.gguf")
    status, message = said(tmp_path / "model.gguf")
    assert (status, "layer.2 has no bound of its states" in message) == (1, True)


def test_a_large_file_of_shared_bytes_takes_no_memory(said, tmp_path):
    """Four megabytes that 64 names ask for: packed for each, they would take gigabytes."""

    def share(writer):
        for index in range(64):
            name = f"layer.{index}.nonrec.0"
            size = 2**22 if index == 0 else 1
            writer.add_tensor(name, np.ones((1, size), np.int8))
            writer.add_tensor(f"{name}.scale", np.ones(1, np.float32))

    path = written(tmp_path / "model.gguf", ["linear"] * 64, share)
    reader = gguf.GGUFReader(path, "r+")
    tensors = {tensor.name: tensor.field for tensor in reader.tensors}
    first = tensors["layer.0.nonrec.0"]
    for index in range(1, 64):
        field = tensors[f"layer.{index}.nonrec.0"]
        field.parts[-1][0], field.parts[3][:] = first.parts[-1][0], first.parts[3]
    reader.data.flush()
    status, message = said(path)
    assert status == 1
    assert "share bytes" in message


def test_a_tensor_is_looked_up_before_there_is_memory_for_it(said, tmp_path):
    """Filters that would have 134 million weights."""

    def widen(writer):
        writer.add_uint32("schatten.features.fft", 65536)
        writer.add_tensor("features.filter.first", np.zeros(4096, np.int32))
        writer.add_tensor("features.filter.width", np.full(4096, 32769, np.int32))
        writer.add_tensor("features.filter.weights", np.ones(1, np.float32))

    status, message = said(written(tmp_path / "model.gguf", ["linear"], widen, bins=4096))
    assert status == 1
    assert "tensor features.filter.weights has another size" in message


def test_layers_without_weights_cannot_ask_for_memory(said, tmp_path):
    """Each of 63 stacks of frames would remember a million numbers."""

    def stack(writer):
        writer.add_uint32("schatten.features.fft", 512)
        for index in range(63):
            writer.add_uint32(f"schatten.layer.{index}.stack", 1000 if index == 0 else 1)
            writer.add_uint32(f"schatten.layer.{index}.keep_every", 1)

    status, message = said(written(tmp_path / "model.gguf", ["stack"] * 63, stack))
    assert status == 1
    assert "the layers of the model are too wide" in message


@pytest.mark.parametrize(
    ("precision", "tensor"),
    [
        ("fp32", "layer.0.nonrec.0"),
        ("fp32", "layer.2.bias"),
        ("fp32", "features.offset"),
        ("int8", "layer.2.rec.0.u.scale"),
        ("int8", "features.window"),
    ],
)
@pytest.mark.parametrize("value", [np.nan, -np.inf])
def test_a_tensor_that_is_not_numbers_is_named(made, said, tmp_path, precision, tensor, value):
    path = tmp_path / "model.gguf"
    path.write_bytes(made("partial", precision)[1].read_bytes())
    reader = gguf.GGUFReader(path, "r+")
    data = next(one for one in reader.tensors if one.name == tensor).data
    data.reshape(-1)[-1] = value
    reader.data.flush()
    assert said(path) == (
        1,
        f"schatten-recognize: {path}: tensor {tensor} holds values that are not finite numbers: "
        "copy the model again, or train it again\n",
    )


def test_results_that_are_not_numbers_are_no_text(made, said, sound, tmp_path):
    """Weights that are finite, but whose sums are not."""
    path = tmp_path / "model.gguf"
    path.write_bytes(made("dense", "fp32")[1].read_bytes())
    reader = gguf.GGUFReader(path, "r+")
    last = [one for one in reader.tensors if one.name.endswith("nonrec.0")][-1]
    last.data[:] = 3e38
    reader.data.flush()
    status, message = said(path, sound.tobytes())
    assert status == 1
    assert message == (
        "schatten-recognize: standard input: the results of the model are not finite numbers: "
        "copy the model again, or train it again\n"
    )
