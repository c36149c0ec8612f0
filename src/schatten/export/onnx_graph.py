"""Layers as an ONNX graph that streams: chunks of features and state in, the next state out.

Letters in shapes: T frames, C channels or inputs, F bins, H units, V units of the output.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

from schatten.export.frontend import Frontend
from schatten.export.layers import Layer

Array = npt.NDArray[Any]
OPSET = 17
LAST = np.iinfo(np.int64).max


class Graph:
    """Collects nodes, constants, inputs and outputs; every method returns a value's name."""

    def __init__(self) -> None:
        """Start empty."""
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, Array] = {}
        self.inputs: list[onnx.ValueInfoProto] = []
        self.outputs: list[onnx.ValueInfoProto] = []

    def input(self, name: str, shape: Sequence[int | str], kind: Any = np.float32) -> str:
        """Declare an input; a text in `shape` names a variable size."""
        kind = helper.np_dtype_to_tensor_dtype(np.dtype(kind))
        self.inputs.append(helper.make_tensor_value_info(name, kind, list(shape)))
        return name

    def output(self, name: str, value: str, shape: Sequence[int | str]) -> None:
        """Declare a value as an output of that name."""
        self.op("Identity", [value], output=name)
        kind = helper.np_dtype_to_tensor_dtype(np.dtype(np.float32))
        self.outputs.append(helper.make_tensor_value_info(name, kind, list(shape)))

    def constant(self, name: str, value: Array) -> str:
        """Store a constant; float values as fp32."""
        whole = np.issubdtype(value.dtype, np.integer)
        self.constants[name] = np.ascontiguousarray(value, np.int64 if whole else np.float32)
        return name

    def numbers(self, *values: int) -> str:
        """Store whole numbers."""
        return self.constant("numbers" + "".join(f"_{v}" for v in values), np.array(values))

    def op(self, kind: str, inputs: list[str], output: str | None = None, **attributes: Any) -> str:
        """Add a node with one result."""
        name = output or f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def split(self, value: str, axis: int, sizes: Sequence[int]) -> list[str]:
        """Cut a value into parts."""
        names = [f"v{len(self.nodes)}_{i}" for i in range(len(sizes))]
        node = helper.make_node("Split", [value, self.numbers(*sizes)], names, axis=axis)
        self.nodes.append(node)
        return names

    def model(self, metadata: dict[str, str]) -> onnx.ModelProto:
        """Return the finished model."""
        values = [numpy_helper.from_array(value, name) for name, value in self.constants.items()]
        graph = helper.make_graph(self.nodes, "schatten", self.inputs, self.outputs, values)
        opsets = [helper.make_opsetid("", OPSET)]
        made = helper.make_model(
            graph, opset_imports=opsets, ir_version=8, producer_name="schatten"
        )
        helper.set_model_props(made, metadata)
        onnx.checker.check_model(made, full_check=True)
        return made


class Builder:
    """Adds layer after layer; `frames`: recurrent layers are written out for this many frames."""

    def __init__(self, layers: Sequence[Layer], features: Frontend, frames: int | None) -> None:
        """Take the layers of a model and what normalises its features."""
        self.graph = Graph()
        self.frames = frames
        self.tensors = {
            f"layer.{index}.{name}": value
            for index, layer in enumerate(layers)
            for name, value in layer.matrices.items()
        }
        self.steady: dict[str, list[int]] = {}
        bins = features.sizes["bins"]
        g = self.graph
        fronts = [layer for layer in layers if layer.kind in ("convolution", "stack")]
        x = g.op("Mul", [g.input("features", [1, "frames", bins]), self._bins(features, "gain")])
        x = g.op("Add", [x, self._bins(features, "offset")])
        x = g.op("Unsqueeze", [x, g.numbers(1)])
        g.input("trailing", [len(fronts)], np.int64)
        for index, layer in enumerate(fronts):
            x = self._front(index, layer, x, bins)
        x = self._flatten(x)
        for index, layer in enumerate(layers[len(fronts) :], start=len(fronts)):
            x = self._back(f"layer.{index}", layer, x)
        log_probs = g.op("LogSoftmax", [x], axis=-1)
        g.output("log_probs", log_probs, ["outputs", layers[-1].sizes["units"]])

    def _bins(self, features: Frontend, name: str) -> str:
        return self.graph.constant(f"features.{name}", features.tensors[f"features.{name}"])

    def _front(self, index: int, layer: Layer, x: str, bins: int) -> str:
        """Add a convolution or stacked frames over (1, C, T, F), and what it remembers."""
        g = self.graph
        channels = layer.sizes.get("inputs", 1)
        kernel, stride, _ = window(layer)
        wide = layer.sizes.get("bins", bins)
        name = f"front{index}"
        self.steady[name] = [1, channels, steady_frames(layer), wide]
        remembered = g.input(name, [1, channels, f"{name}_frames", wide])
        x = g.op("Concat", [remembered, x], axis=2)
        zero = g.numbers(0)
        trailing = g.op("Slice", ["trailing", g.numbers(index), g.numbers(index + 1)])
        pads = g.op("Concat", [g.numbers(0, 0, 0, 0, 0, 0), trailing, zero], axis=0)
        x = g.op("Pad", [x, pads])
        convolution = layer.kind == "convolution"
        y = self._convolve(index, layer, x) if convolution else self._stack(x, kernel, stride)
        made = g.op("Slice", [g.op("Shape", [y]), g.numbers(2), g.numbers(3)])
        used = g.op("Mul", [made, g.numbers(stride)])
        rest = g.op("Slice", [x, used, g.numbers(LAST), g.numbers(2)])
        g.output(f"next_{name}", rest, [1, channels, f"next_{name}_frames", wide])
        return y

    def _convolve(self, index: int, layer: Layer, x: str) -> str:
        g, sizes = self.graph, layer.sizes
        frames, wide = sizes["kernel_frames"], sizes["kernel_bins"]
        shape = (sizes["channels"], wide, frames, sizes["inputs"])
        weight = layer.matrices["nonrec.0"].reshape(shape).transpose(0, 3, 2, 1)
        constants = [
            g.constant(f"layer.{index}.weight", weight),
            g.constant(f"layer.{index}.bias", layer.vectors["bias"]),
        ]
        strides = [sizes["stride_frames"], sizes["stride_bins"]]
        pads = [0, (wide - 1) // 2, 0, wide // 2]
        y = g.op("Conv", [x, *constants], strides=strides, pads=pads, kernel_shape=[frames, wide])
        return self._clip(y, layer)

    def _stack(self, x: str, stack: int, keep_every: int) -> str:
        g = self.graph
        parts = []
        for i in range(stack):
            end = LAST if i == stack - 1 else i + 1 - stack
            bounds = [g.numbers(i), g.numbers(end), g.numbers(2), g.numbers(keep_every)]
            parts.append(g.op("Slice", [x, *bounds]))
        return g.op("Concat", parts, axis=3)

    def _clip(self, x: str, layer: Layer) -> str:
        if layer.clip is None:
            return x
        g = self.graph
        bounds = [g.constant("zero", np.array(0.0)), g.constant("clip", np.array(layer.clip))]
        return g.op("Clip", [x, *bounds])

    def _flatten(self, x: str) -> str:
        """Turn (1, C, T, F) into (T, F * C), the channel running fastest."""
        g = self.graph
        x = g.op("Squeeze", [g.op("Transpose", [x], perm=[0, 2, 3, 1]), g.numbers(0)])
        return g.op("Reshape", [x, g.numbers(0, -1)])

    def _back(self, name: str, layer: Layer, x: str) -> str:
        """Add a recurrent or a fully connected layer over (T, C)."""
        g = self.graph
        if "gain" in layer.vectors:
            x = g.op("Mul", [x, g.constant(f"{name}.gain", layer.vectors["gain"])])
        if layer.kind == "linear":
            x = g.op("Add", [self._product(name, layer, "nonrec", x), self._bias(name, layer)])
            return self._clip(x, layer)
        units = layer.sizes["units"]
        carried = {}
        for what in ("state", "cell") if layer.kind == "lstm" else ("state",):
            key = f"{name.replace('layer.', what)}"
            self.steady[key] = [1, units]
            carried[what] = g.input(key, [1, units])
        build = self._operator if self.frames is None else self._steps
        y, after = build(name, layer, x, carried)
        for what, value in after.items():
            g.output(f"next_{name.replace('layer.', what)}", value, [1, units])
        return y

    def _bias(self, name: str, layer: Layer) -> str:
        return self.graph.constant(f"{name}.bias", layer.vectors["bias"])

    def _pieces(self, name: str, layer: Layer, role: str) -> list[tuple[str, ...]]:
        """Return the names of each piece's tensors: the whole, or the left and right factor."""
        pieces: list[tuple[str, ...]] = []
        for i in range(layer.pieces[role]):
            piece = f"{role}.{i}"
            right = layer.shares.get(f"{piece}.v", f"{name}.{piece}.v")
            whole = piece in layer.matrices
            pieces.append((f"{name}.{piece}",) if whole else (f"{name}.{piece}.u", right))
        return pieces

    def _product(self, name: str, layer: Layer, role: str, x: str) -> str:
        """Multiply x (T, C) with a matrix, factors one after the other: (T, rows)."""
        g = self.graph
        parts = []
        for piece in self._pieces(name, layer, role):
            y = x
            for tensor in reversed(piece):
                y = g.op("MatMul", [y, g.constant(tensor, self.tensors[tensor].T)])
            parts.append(y)
        return parts[0] if len(parts) == 1 else g.op("Concat", parts, axis=1)

    def _whole(self, name: str, layer: Layer, role: str) -> Array:
        """Return a matrix with its factors multiplied out."""
        pieces = [[self.tensors[t] for t in piece] for piece in self._pieces(name, layer, role)]
        return np.concatenate([p[0] @ p[1] if len(p) == 2 else p[0] for p in pieces])

    def _operator(
        self, name: str, layer: Layer, x: str, carried: dict[str, str]
    ) -> tuple[str, dict[str, str]]:
        """Add ONNX's GRU, RNN or LSTM operator, which wants a whole recurrent matrix."""
        g, units = self.graph, layer.sizes["units"]
        pieces = self._pieces(name, layer, "nonrec")
        outer = self._whole(name, layer, "nonrec")
        if len(pieces) == 1 and len(pieces[0]) == 2:
            outer = self.tensors[pieces[0][0]]
            right = g.constant(pieces[0][1], self.tensors[pieces[0][1]].T)
            x = g.op("MatMul", [x, right])
        bias, rec_bias = layer.vectors["bias"], _rec_bias(layer)
        weights = [
            g.constant(f"{name}.w", _onnx_gates(outer, layer.kind)[None]),
            g.constant(f"{name}.r", _onnx_gates(self._whole(name, layer, "rec"), layer.kind)[None]),
            g.constant(
                f"{name}.b",
                np.concatenate([_onnx_gates(one, layer.kind) for one in (bias, rec_bias)])[None],
            ),
        ]
        before = [g.op("Unsqueeze", [value, g.numbers(0)]) for value in carried.values()]
        y = f"{name}.y"
        after = {what: f"{name}.next_{what}" for what in carried}
        kind, attributes = _operator_of(layer)
        x = g.op("Unsqueeze", [x, g.numbers(1)])
        inputs = [x, *weights, "", *before]
        outputs = [y, *after.values()]
        node = helper.make_node(kind, inputs, outputs, hidden_size=units, **attributes)
        g.nodes.append(node)
        results = {what: g.op("Squeeze", [v, g.numbers(0)]) for what, v in after.items()}
        return g.op("Reshape", [y, g.numbers(-1, units)]), results

    def _steps(
        self, name: str, layer: Layer, x: str, carried: dict[str, str]
    ) -> tuple[str, dict[str, str]]:
        """Write a recurrent layer out: one product for all frames, then a step for each."""
        g = self.graph
        assert self.frames is not None
        x = g.op("Add", [self._product(name, layer, "nonrec", x), self._bias(name, layer)])
        steps = {"gru": self._gru_step, "rnn": self._rnn_step, "lstm": self._lstm_step}
        step = steps[layer.kind]
        states = []
        for gates in g.split(x, 0, [1] * self.frames):
            carried = step(name, layer, gates, carried)
            states.append(carried["state"])
        return g.op("Concat", states, axis=0), carried

    def _gru_step(
        self, name: str, layer: Layer, gates: str, carried: dict[str, str]
    ) -> dict[str, str]:
        g, units = self.graph, layer.sizes["units"]
        state = carried["state"]
        pair, new = g.split(gates, 1, [2 * units, units])
        rec = self._product(name, layer, "rec", state)
        rec_pair, rec_new = g.split(rec, 1, [2 * units, units])
        both = g.op("Sigmoid", [g.op("Add", [pair, rec_pair])])
        reset, update = g.split(both, 1, [units, units])
        bias = g.constant(f"{name}.new_bias", layer.vectors["new_bias"])
        inner = g.op("Mul", [reset, g.op("Add", [rec_new, bias])])
        candidate = g.op("Tanh", [g.op("Add", [new, inner])])
        kept = g.op("Mul", [update, g.op("Sub", [state, candidate])])
        return {"state": g.op("Add", [candidate, kept])}

    def _rnn_step(
        self, name: str, layer: Layer, gates: str, carried: dict[str, str]
    ) -> dict[str, str]:
        total = self.graph.op("Add", [gates, self._product(name, layer, "rec", carried["state"])])
        return {"state": self._clip(total, layer)}

    def _lstm_step(
        self, name: str, layer: Layer, gates: str, carried: dict[str, str]
    ) -> dict[str, str]:
        g, units = self.graph, layer.sizes["units"]
        total = g.op("Add", [gates, self._product(name, layer, "rec", carried["state"])])
        put, forget, cell, out = g.split(total, 1, [units] * 4)
        kept = g.op("Mul", [g.op("Sigmoid", [forget]), carried["cell"]])
        added = g.op("Mul", [g.op("Sigmoid", [put]), g.op("Tanh", [cell])])
        after = g.op("Add", [kept, added])
        return {
            "state": g.op("Mul", [g.op("Sigmoid", [out]), g.op("Tanh", [after])]),
            "cell": after,
        }


def window(layer: Layer) -> tuple[int, int, int]:
    """Return the kernel of a front layer in frames, its stride, and the frames before its own."""
    if layer.kind == "convolution":
        frames = layer.sizes["kernel_frames"]
        return frames, layer.sizes["stride_frames"], (frames - 1) // 2
    return layer.sizes["stack"], layer.sizes["keep_every"], 0


def steady_frames(layer: Layer) -> int:
    """Return how many frames a front layer remembers between chunks of whole strides.

    The first chunk is longer by its look-ahead.
    """
    frames, stride, _ = window(layer)
    return max(frames - stride, 0)


def _rec_bias(layer: Layer) -> Array:
    """Return the bias of the recurrent product: a GRU's candidate has one."""
    units = layer.sizes["units"]
    if layer.kind != "gru":
        return np.zeros((4 if layer.kind == "lstm" else 1) * units)
    return np.concatenate([np.zeros(2 * units), layer.vectors["new_bias"]])


def _operator_of(layer: Layer) -> tuple[str, dict[str, Any]]:
    """Return the operator of a recurrent layer, and its attributes beside the size.

    ONNX's RNN clips a sum to -clip .. clip before its ReLU, so together they are a clipped ReLU.
    """
    if layer.kind == "rnn":
        return "RNN", {"activations": ["Relu"], "clip": layer.clip}
    return ("GRU", {"linear_before_reset": 1}) if layer.kind == "gru" else ("LSTM", {})


def _onnx_gates(rows: Array, kind: str) -> Array:
    """Put gates in ONNX's order: GRU update, reset, new; LSTM input, output, forget, cell."""
    if kind == "rnn":
        return rows
    if kind == "gru":
        reset, update, new = np.split(rows, 3)
        return np.concatenate([update, reset, new])
    put, forget, cell, out = np.split(rows, 4)
    return np.concatenate([put, out, forget, cell])
