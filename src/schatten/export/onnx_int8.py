"""Int8 in ONNX: products that onnxruntime computes exactly on every x86 CPU.

onnxruntime multiplies unsigned 8-bit activations by 8-bit weights. If the weights are signed and
the x86 CPU has AVX2 but no VNNI (AMD up to Zen 3, many Intel desktops), it adds pairs of products
in 16 bits, which saturate: 255 * 127 + 255 * 127 becomes 32767. If the weights are unsigned too, it
adds in 32 bits. So weights are stored as uint8 with zero point 128.
docs/results/engine/onnx_int8.md has what that costs.
"""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper
from onnxruntime.quantization import QuantType, quantize_dynamic

MIDDLE = 128
"""Zero point of unsigned weights."""
PRODUCTS = {"MatMulInteger", "ConvInteger", "DynamicQuantizeLSTM"}
"""Operators with int8 weights."""


def quantize(
    model: onnx.ModelProto, output: Path, convolutions: bool, signed_products: bool
) -> None:
    """Write `model` with weights -127..127, a scale per column, stored as 1..255.

    onnxruntime quantizes activations (0..255) when the model runs. `convolutions`: convolutions
    too, with one scale per layer. `signed_products`: matrix products and LSTM operators keep signed
    weights. The weights are the same then, and so are the results if the CPU has VNNI.
    """
    kinds = ["MatMul", "LSTM", *(["Conv"] if convolutions else [])]
    logging.disable(logging.WARNING)  # it recommends a preparation that this graph does not need
    try:
        quantize_dynamic(model, output, kinds, per_channel=True, weight_type=QuantType.QInt8)
    finally:
        logging.disable(logging.NOTSET)
    made = onnx.load(output)
    # Convolutions are never signed: onnxruntime has no fast kernel for that on most x86 CPUs.
    _remove_sign(made.graph, {"ConvInteger"} if signed_products else PRODUCTS)
    onnx.checker.check_model(made, full_check=True)
    output.write_bytes(made.SerializeToString())


def _remove_sign(graph: Any, kinds: set[str]) -> None:
    """Store int8 weights and zero points of these operators as uint8, all 128 higher."""
    used = {name for node in graph.node if node.op_type in kinds for name in node.input}
    for one in graph.initializer:
        if one.name in used and one.data_type == onnx.TensorProto.INT8:
            higher = numpy_helper.to_array(one).astype(np.int16) + MIDDLE
            one.CopyFrom(numpy_helper.from_array(higher.astype(np.uint8), one.name))
