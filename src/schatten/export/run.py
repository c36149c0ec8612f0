"""Writing a model as GGUF: everything that the engine needs, in one reproducible file."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import gguf
import numpy as np
import numpy.typing as npt

from schatten import models
from schatten.artifacts import Exported, Latency
from schatten.export.blocks import Blocks, blocks_of
from schatten.export.frontend import Frontend, frontend
from schatten.export.layers import Layer, layers_of
from schatten.export.numbers import require_numbers
from schatten.export.quantize import in_nibbles, quantize_rows
from schatten.models.acoustic import AcousticModel
from schatten.models.quantized import bits_of
from schatten.runtime.files import atomic_output
from schatten.units.inventory import CHARACTERS, Units

ARCHITECTURE = "schatten"
FORMAT_VERSION = 2
"""Of files that older engines cannot read: with sparse matrices, or with weights of 4 bits. Others
have version 1."""
BATCH_FRAMES = 4
"""Output frames that the products without recurrence take at once.

The trace norm paper (Kliegl et al., 2018) does the same.
"""

Precision = Literal["fp32", "int8", "int4"]


def export(model: Path, precision: Precision | None, output: Path) -> str:
    """Write `model` (a model.pt) as GGUF, size and latency as `.json`; return them in one line.

    Without a precision it is that of a device: int8, or int4 if the model's passes were trained so.
    Errors: `UserError` for a model that is not made of finite numbers, and for one of tied phones.
    """
    acoustic = models.load(model)
    acoustic.units.require_engine(model)
    if precision is None:
        precision = "int4" if bits_of(acoustic) == 4 else "int8"
    parameters = acoustic.parameters_at_inference()
    layers, features = layers_of(acoustic), frontend(acoustic)
    require_numbers(layers, features, model)
    with atomic_output(output) as beside:
        _write(acoustic, layers, features, precision, beside)
        size = beside.stat().st_size
    latency = _latency(layers, features)
    about = Exported(parameters=parameters, bytes=size, precision=precision, latency=latency)
    about.write(output.with_suffix(".json"))
    return (
        f"{parameters} parameters, {size} bytes ({size / parameters:.3f} per parameter), "
        f"latency {latency.seconds:.3f} s"
    )


def _write(
    model: AcousticModel, layers: list[Layer], features: Frontend, precision: Precision, path: Path
) -> None:
    writer = gguf.GGUFWriter(path, ARCHITECTURE)
    quantized = _quantized(layers, precision)
    is_new = any(one.bits == 4 or one.blocks for one in quantized.values())
    writer.add_uint32("schatten.version", FORMAT_VERSION if is_new else 1)
    writer.add_string("schatten.precision", precision)
    writer.add_uint64("schatten.parameters", model.parameters_at_inference())
    _add_units(writer, model.units)
    _add_features(writer, features)
    for key, value in _latency(layers, features).as_json().items():
        if isinstance(value, int):
            writer.add_uint32(f"schatten.latency.{key}", value)
        else:
            writer.add_float32(f"schatten.latency.{key}", value)
    writer.add_array("schatten.layers", [layer.kind for layer in layers])
    for index, layer in enumerate(layers):
        _add_layer(writer, f"layer.{index}", layer, quantized)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add_units(writer: gguf.GGUFWriter, units: Units) -> None:
    """Add names, and of other units than characters their kind and their separator, if any."""
    writer.add_array("schatten.units", list(units.names))
    if units.kind == CHARACTERS:
        return
    writer.add_string("schatten.units.kind", units.kind)
    if units.separator is not None:
        writer.add_string("schatten.units.separator", units.separator)


def _add_features(writer: gguf.GGUFWriter, features: Frontend) -> None:
    for key, size in features.sizes.items():
        writer.add_uint32(f"schatten.features.{key}", size)
    for key, number in features.numbers.items():
        writer.add_float32(f"schatten.features.{key}", number)
    for name, tensor in features.tensors.items():
        writer.add_tensor(name, np.ascontiguousarray(tensor))


@dataclass(frozen=True)
class _Quantized:
    """A matrix in 8 or 4 bits, whole or by blocks."""

    bits: int
    whole: npt.NDArray[np.int8]
    scales: npt.NDArray[np.float32]
    blocks: Blocks | None


def _quantized(layers: list[Layer], precision: Precision) -> dict[str, _Quantized]:
    """Return the matrices that are not stored in fp32, by the name of their tensor."""
    found = {}
    for index, layer in enumerate(layers):
        if (bits := layer.bits(precision)) is None:
            continue
        for name, value in layer.matrices.items():
            whole, scales = quantize_rows(value, bits)
            blocks = blocks_of(whole, value != 0)
            found[f"layer.{index}.{name}"] = _Quantized(bits, whole, scales, blocks)
    return found


def _add_layer(
    writer: gguf.GGUFWriter, name: str, layer: Layer, quantized: Mapping[str, _Quantized]
) -> None:
    for key, size in layer.sizes.items():
        writer.add_uint32(f"schatten.{name}.{key}", size)
    if layer.clip is not None:
        writer.add_float32(f"schatten.{name}.clip", layer.clip)
    for role, pieces in layer.pieces.items():
        writer.add_uint32(f"schatten.{name}.{role}.pieces", pieces)
    for matrix, shared in layer.shares.items():
        writer.add_string(f"schatten.{name}.{matrix}.shares", shared)
    for matrix, value in layer.matrices.items():
        if tensor := quantized.get(f"{name}.{matrix}"):
            _add_quantized(writer, f"{name}.{matrix}", tensor)
        else:
            writer.add_tensor(f"{name}.{matrix}", np.ascontiguousarray(value, dtype=np.float32))
    for vector, value in layer.vectors.items():
        writer.add_tensor(f"{name}.{vector}", value.astype(np.float32))


def _add_quantized(writer: gguf.GGUFWriter, name: str, matrix: _Quantized) -> None:
    weights = matrix.whole
    if matrix.blocks is not None:
        rows, columns = matrix.blocks.shape
        writer.add_uint32(f"schatten.{name}.rows", rows)
        writer.add_uint32(f"schatten.{name}.cols", columns)
        writer.add_tensor(f"{name}.blocks", matrix.blocks.bitmap)
        weights = matrix.blocks.stored
    if matrix.bits == 4:
        writer.add_uint32(f"schatten.{name}.columns", weights.shape[1])
        weights = in_nibbles(weights)
    writer.add_tensor(name, np.ascontiguousarray(weights))
    writer.add_tensor(f"{name}.scale", matrix.scales)


def _latency(layers: list[Layer], features: Frontend) -> Latency:
    """Return the algorithmic latency: window, look-ahead and batch, in samples, frames, seconds.

    An output frame t is known this long after its first sample, at t * stride, was heard.
    """
    look_ahead, stride = 0, 1
    for layer in layers:
        if layer.kind == "convolution":
            look_ahead += stride * (layer.sizes["kernel_frames"] // 2)
            stride *= layer.sizes["stride_frames"]
        elif layer.kind == "stack":
            look_ahead += layer.sizes["stack"] - 1
            stride *= layer.sizes["keep_every"]
    sizes = features.sizes
    frames = look_ahead + (BATCH_FRAMES - 1) * stride
    return Latency(
        window_samples=sizes["window"],
        look_ahead_frames=look_ahead,
        stride_frames=stride,
        batch_frames=BATCH_FRAMES,
        seconds=(sizes["window"] + frames * sizes["shift"]) / sizes["sample_rate"],
    )
