"""Times on this host: our products against onnxruntime's and torch's, one thread, in one run.

Two rivals are compared: 8-bit activations in (MatMulInteger), and float activations that are
quantized on the way (DynamicQuantizeMatMul, torch's dynamic-quantized linear layer). The others are
called from Python; what such a call costs by itself is measured with a 1x1 matrix, and leads are
given both with it and without it. Without it, small products of torch drown in its noise.
The vector arithmetic is timed beside the C library's functions in a scalar loop.
"""

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from schatten.device import tools
from schatten.errors import UserError
from schatten_bench.instruction_counts import COLUMNS, SHAPES

ROUNDS = 15
ROUND_SECONDS = 0.003

Call = Callable[[], object]


@dataclass(frozen=True)
class ProductTimes:
    """Least microseconds of a product: ours, and of each rival that is installed."""

    rows: int
    cols: int
    columns: int
    kernels: str
    ours: dict[str, float]
    """Our times by kind of input: int8 or float."""
    rivals: dict[str, float]
    idle: dict[str, float]
    """Cost of the call itself, by rival."""

    def lead(self, rival: str) -> float:
        """How many times longer the rival takes, as called."""
        return self.rivals[rival] / self.ours[INPUTS[rival]]

    def bare_lead(self, rival: str) -> float:
        """How many times longer the rival takes, its call's own cost taken off."""
        return max(self.rivals[rival] - self.idle[rival], 0.0) / self.ours[INPUTS[rival]]


INPUTS = {
    "onnxruntime MatMulInteger": "int8",
    "onnxruntime DynamicQuantizeMatMul": "float",
    "torch dynamic linear": "float",
}
"""Kind of input of each rival."""


@dataclass(frozen=True)
class FunctionTimes:
    """Nanoseconds per element of a function: ours, and the C library's in a scalar loop."""

    name: str
    kernels: str
    ours: float
    library: float

    @property
    def lead(self) -> float:
        """How many times longer the C library takes."""
        return self.library / self.ours


def time_functions(program: Path) -> list[FunctionTimes]:
    """Return the times of exp, log, sigmoid and tanh; `program` is time_vector of this host."""
    rows = [line.split() for line in tools.run([program]).stdout.splitlines()]
    return [FunctionTimes(row[0], row[1], float(row[2]), float(row[3])) for row in rows]


def time_kernels(program: Path, kernels: str = "best") -> list[ProductTimes]:
    """Return the times of every shape at N = 1..4; `program` is time_gemm of this host.

    Errors: `UserError` if onnx, onnxruntime or the program is missing.
    """
    idle = {name: least(call) for name, call in _rivals(1, 1, 1).items()}
    result = []
    for rows, cols in SHAPES:
        for columns in COLUMNS:
            rivals = {name: least(call) for name, call in _rivals(rows, cols, columns).items()}
            name, ours = _ours(program, kernels, rows, cols, columns)
            result.append(ProductTimes(rows, cols, columns, name, ours, rivals, idle))
    return result


def _ours(
    program: Path, kernels: str, rows: int, cols: int, columns: int
) -> tuple[str, dict[str, float]]:
    said = tools.run([program], stdin=f"{kernels} {rows} {cols} {columns}\n").stdout.split()
    return said[0], {"int8": float(said[4]), "float": float(said[5])}


def least(call: Call) -> float:
    """Return the least microseconds of several rounds of calls."""
    call()
    once = _seconds(call, 3)
    times = int(ROUND_SECONDS / once) + 1
    return min(_seconds(call, times) for _ in range(ROUNDS)) * 1e6


def _seconds(call: Call, times: int) -> float:
    start = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - start) / times


def _rivals(rows: int, cols: int, columns: int) -> dict[str, Call]:
    """Make a call of each rival for a product of random numbers."""
    draw = np.random.default_rng(0)
    weights = draw.integers(-127, 128, (cols, rows), dtype=np.int8)
    x = draw.standard_normal((columns, cols), dtype=np.float32)
    integers = draw.integers(0, 256, (columns, cols), dtype=np.uint8)
    calls = {
        "onnxruntime MatMulInteger": _matmul_integer(weights, integers),
        "onnxruntime DynamicQuantizeMatMul": _dynamic_matmul(weights, x),
    }
    linear = _torch_linear(weights, x)
    return calls | ({"torch dynamic linear": linear} if linear else {})


def _matmul_integer(weights: np.ndarray, x: np.ndarray) -> Call:
    return _session("MatMulInteger", "", {"w": weights}, x, np.int32, weights.shape[1])


def _dynamic_matmul(weights: np.ndarray, x: np.ndarray) -> Call:
    constants = {"w": weights, "s": np.full(weights.shape[1], 0.01, dtype=np.float32)}
    domain = "com.microsoft"
    return _session("DynamicQuantizeMatMul", domain, constants, x, np.float32, weights.shape[1])


def _session(
    operator: str, domain: str, constants: dict[str, np.ndarray], x: np.ndarray, out: Any, rows: int
) -> Call:
    """Make a call of an onnxruntime session with one operator, its tensors bound beforehand."""
    onnx, runtime = _onnx()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    model = _model(onnx, operator, domain, constants, x.dtype, np.dtype(out))
    session = runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    binding = session.io_binding()
    result = np.zeros((len(x), rows), out)
    binding.bind_ortvalue_input("x", runtime.OrtValue.ortvalue_from_numpy(x))
    binding.bind_ortvalue_output("y", runtime.OrtValue.ortvalue_from_numpy(result))
    return lambda: session.run_with_iobinding(binding)


def _onnx() -> tuple[Any, Any]:
    try:
        import onnx
        import onnxruntime
    except ImportError as error:
        raise UserError(f"{error.name} is missing: pip install onnx onnxruntime") from None
    return onnx, onnxruntime


def _model(
    onnx: Any, operator: str, domain: str, constants: dict[str, np.ndarray], x: Any, y: Any
) -> bytes:
    helper = onnx.helper
    tensor = helper.make_tensor_value_info
    kind = helper.np_dtype_to_tensor_dtype
    graph = helper.make_graph(
        [helper.make_node(operator, ["x", *constants], ["y"], domain=domain)],
        operator,
        [tensor("x", kind(x), [None, None])],
        [tensor("y", kind(y), [None, None])],
        [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    model: bytes = helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()
    return model


def _torch_linear(weights: np.ndarray, x: np.ndarray) -> Call | None:
    """Make a call of torch's dynamic-quantized linear layer; none if this torch lacks it."""
    import torch

    quantize = getattr(torch.ao.quantization, "quantize_dynamic", None)
    if quantize is None:
        return None
    torch.set_num_threads(1)
    cols, rows = weights.shape
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plain = torch.nn.Sequential(torch.nn.Linear(cols, rows, bias=False))
        layer = quantize(plain, {torch.nn.Linear}, dtype=torch.qint8)
    frames = torch.from_numpy(x)

    def call() -> object:
        with torch.inference_mode():
            return layer(frames)

    return call
