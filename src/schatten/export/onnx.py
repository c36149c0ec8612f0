"""Writing a model as ONNX, for onnxruntime and whatever else reads it; it streams.

Inputs: `features` (1, T, F), as in training and not normalised; what each layer before the first
recurrent one remembers (`front0` ...), the recurrent layers' states (`state2` ..., an LSTM's
`cell1` ...), and `trailing`, zero frames that follow at each of the front layers. Outputs:
`log_probs` (T', V) and the same memories, `next_front0` and so on. At the start of an utterance
all memories are zeros, `front{i}` as many frames as metadata `schatten.start` says; `trailing` is
zeros, but at the end what `schatten.trailing` says.
"""

import json
from pathlib import Path
from typing import Any

from schatten import models
from schatten.errors import UserError
from schatten.export.frontend import Frontend, frontend
from schatten.export.layers import Layer, layers_of
from schatten.export.numbers import require_numbers
from schatten.export.run import Precision
from schatten.runtime.files import atomic_output


def export_onnx(
    model: Path,
    precision: Precision,
    frames: int | None,
    output: Path,
    int8_convolutions: bool = False,
    signed_products: bool = False,
) -> str:
    """Write `model` (a model.pt) as ONNX; return its size in one line.

    With `frames`, recurrent layers are written out, for chunks of this many output frames. Factors
    then stay factors, and int8 (onnxruntime's own dynamic quantization) reaches the recurrent
    matrices, which it leaves in fp32 in ONNX's GRU operator. On CPUs with AVX-512 its int8
    convolutions are slower than its fp32 ones, so they are left out by default.
    Sums of int8 products are exact on every x86 CPU. With `signed_products` models run 1.1 to 1.25
    times as fast, but on x86 CPUs with AVX2 and without VNNI sums saturate: see `onnx_int8`.
    Errors: `UserError` if onnx, or for int8 onnxruntime, is missing, and for a model that is not
    made of finite numbers, or int4.
    """
    if precision == "int4":
        raise UserError("int4 is for --format gguf: take int8 or fp32 for onnxruntime")
    acoustic = models.load(model)
    layers, features = layers_of(acoustic), frontend(acoustic)
    require_numbers(layers, features, model)
    try:
        made = _build(acoustic, layers, features, frames)
        with atomic_output(output) as beside:
            if precision == "int8":
                from schatten.export.onnx_int8 import quantize

                quantize(made, beside, int8_convolutions, signed_products)
            else:
                beside.write_bytes(made.SerializeToString())
            size = beside.stat().st_size
    except ImportError as error:
        raise UserError(f"{error.name} is missing: pip install onnx onnxruntime") from None
    parameters = acoustic.parameters_at_inference()
    return f"{parameters} parameters, {size} bytes ({size / parameters:.3f} per parameter)"


def _build(
    model: models.AcousticModel, layers: list[Layer], features: Frontend, frames: int | None
) -> Any:
    from schatten.export.onnx_graph import Builder

    builder = Builder(layers, features, frames)
    return builder.graph.model(
        _metadata(layers, features.sizes["bins"], frames, builder.steady, model)
    )


def _metadata(
    layers: list[Layer],
    bins: int,
    frames: int | None,
    steady: dict[str, list[int]],
    model: models.AcousticModel,
) -> dict[str, str]:
    """Return what a caller must know: shapes of memories, frames at the ends, units."""
    from schatten.export.onnx_graph import window

    fronts = [window(layer) for layer in layers if layer.kind in ("convolution", "stack")]
    stride = 1
    for _, each, _ in fronts:
        stride *= each
    values = {
        "units": list(model.units.names),
        "bins": bins,
        "stride": stride,
        "chunk_outputs": frames,
        "steady": steady,
        "start": [before for _, _, before in fronts],
        "trailing": [frames - 1 - before for frames, _, before in fronts],
    }
    return {f"schatten.{key}": json.dumps(value) for key, value in values.items()}
