"""A Deep Speech 2 model as a torch module that streams: what a user of torch would run on a stream.

It takes the layers that are exported, so BatchNorm is folded away, and is timed beside the engine.
Letters in shapes: T frames, C channels or inputs, F bins, H units, V outputs.
"""

import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from schatten import models
from schatten.errors import UserError
from schatten.export.layers import Array, Layer, layers_of


class StreamingModel(nn.Module):
    """Chunks of normalised features to log-probabilities; memories and states are the caller's."""

    def __init__(self, layers: Sequence[Layer]) -> None:
        """Take the layers of a Deep Speech 2 model with GRUs; `UserError` for plain layers."""
        if any(layer.kind == "rnn" for layer in layers):
            raise UserError("torch's stream is written for GRUs: time a model with those")
        super().__init__()
        self.convolutions = nn.ModuleList()
        self.back = nn.ModuleList()
        tensors = {
            f"layer.{index}.{name}": value
            for index, layer in enumerate(layers)
            for name, value in layer.matrices.items()
        }
        for index, layer in enumerate(layers):
            if layer.kind == "convolution":
                self.convolutions.append(_convolution(layer))
                continue
            pieces = {role: _pieces(index, layer, role, tensors) for role in layer.pieces}
            self.back.append(_Gru(layer, pieces) if layer.kind == "gru" else _Linear(layer, pieces))

    def start(self) -> tuple[list[Tensor], list[Tensor]]:
        """Return what the convolutions (1, C, T, F) and GRUs (1, 1, H) remember between chunks."""
        memories = []
        for module in self.convolutions:
            layer = cast(_Convolution, module)
            frames = max(layer.kernel_size[0] - layer.stride[0], 0)
            memories.append(torch.zeros(1, layer.in_channels, frames, layer.bins))
        units = [layer.units for layer in self.back if isinstance(layer, _Gru)]
        return memories, [torch.zeros(1, 1, size) for size in units]

    def forward(
        self, x: Tensor, memories: list[Tensor], states: list[Tensor]
    ) -> tuple[Tensor, list[Tensor], list[Tensor]]:
        """Map x (1, 1, T, F) to (T', V), the next memories and the next states."""
        after: list[Tensor] = []
        carried: list[Tensor] = []
        for layer, memory in zip(self.convolutions, memories, strict=True):
            x = torch.cat([memory, x], 2)
            y = layer(x)
            after.append(x[:, :, y.shape[2] * cast(_Convolution, layer).stride[0] :])
            x = functional.hardtanh(y, 0.0, 20.0)
        x = x.permute(0, 2, 3, 1).flatten(2).transpose(0, 1)
        for layer in self.back:
            if isinstance(layer, _Gru):
                x, state = layer(x, states[len(carried)])
                carried.append(state)
            else:
                x = layer(x)
        return x[:, 0].log_softmax(-1), after, carried


class _Convolution(nn.Conv2d):
    """A convolution that pads bins but not frames."""

    bins = 0


def _convolution(layer: Layer) -> _Convolution:
    sizes = layer.sizes
    frames, wide = sizes["kernel_frames"], sizes["kernel_bins"]
    if wide % 2 == 0:
        raise ValueError("an even count of bins in a kernel is padded unevenly")
    strides = (sizes["stride_frames"], sizes["stride_bins"])
    made = _Convolution(sizes["inputs"], sizes["channels"], (frames, wide), strides)
    made.padding, made.bins = (0, wide // 2), sizes["bins"]
    made._reversed_padding_repeated_twice = [wide // 2, wide // 2, 0, 0]
    shape = (sizes["channels"], wide, frames, sizes["inputs"])
    rows = layer.matrices["nonrec.0"].reshape(shape).transpose(0, 3, 2, 1)
    made.weight.data, made.bias = _tensor(rows), nn.Parameter(_tensor(layer.vectors["bias"]))
    return made


def _pieces(index: int, layer: Layer, role: str, tensors: dict[str, Array]) -> list[list[Array]]:
    """Return each piece of a matrix: the whole, or the left and the right factor."""
    pieces = []
    for i in range(layer.pieces[role]):
        name = f"{role}.{i}"
        right = layer.shares.get(f"{name}.v", f"layer.{index}.{name}.v")
        whole = layer.matrices.get(name)
        pieces.append([layer.matrices[f"{name}.u"], tensors[right]] if whole is None else [whole])
    return pieces


def _whole(pieces: list[list[Array]]) -> Array:
    return np.concatenate([np.linalg.multi_dot(p) if len(p) > 1 else p[0] for p in pieces])


class _Gru(nn.Module):
    """torch's GRU, which wants a whole recurrent matrix; a right factor comes before it."""

    def __init__(self, layer: Layer, pieces: dict[str, list[list[Array]]]) -> None:
        super().__init__()
        nonrec, rec = pieces["nonrec"], _whole(pieces["rec"])
        self.units = layer.sizes["units"]
        gain = layer.vectors.get("gain", np.ones(1))
        is_factored = len(nonrec) == 1 and len(nonrec[0]) == 2
        outer = nonrec[0][0] if is_factored else _whole(nonrec) * gain
        self.right = _dense(nonrec[0][1] * gain) if is_factored else nn.Identity()
        self.gru = nn.GRU(outer.shape[1], self.units)
        bias = layer.vectors["bias"]
        rec_bias = np.concatenate([np.zeros(2 * self.units), layer.vectors["new_bias"]])
        values = {"weight_ih_l0": outer, "weight_hh_l0": rec, "bias_ih_l0": bias}
        for name, value in {**values, "bias_hh_l0": rec_bias}.items():
            getattr(self.gru, name).data = _tensor(value)

    def forward(self, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        result: tuple[Tensor, Tensor] = self.gru(self.right(x), state)
        return result


class _Linear(nn.Module):
    """A matrix with bias, as its factors where it has them; clipped where the layer says so."""

    def __init__(self, layer: Layer, pieces: dict[str, list[list[Array]]]) -> None:
        super().__init__()
        factors = pieces["nonrec"][0] if len(pieces["nonrec"]) == 1 else [_whole(pieces["nonrec"])]
        gain = layer.vectors.get("gain", np.ones(1))
        factors = [*factors[:-1], factors[-1] * gain]
        self.right = _dense(factors[1]) if len(factors) > 1 else nn.Identity()
        self.outer = _dense(factors[0], layer.vectors["bias"])
        self.clip = layer.clip

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.outer(self.right(x))
        return y if self.clip is None else functional.hardtanh(y, 0.0, self.clip)


def _dense(matrix: Array, bias: Array | None = None) -> nn.Linear:
    made = nn.Linear(matrix.shape[1], matrix.shape[0], bias=bias is not None)
    made.weight.data = _tensor(matrix)
    if bias is not None:
        made.bias.data = _tensor(bias)
    return made


def _tensor(value: Array) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(value, np.float32))


def quantized(module: nn.Module) -> nn.Module | None:
    """Return a module with torch's int8 GRU and linear layers; none if this torch has none."""
    quantize: Any = getattr(torch.ao.quantization, "quantize_dynamic", None)
    if quantize is None:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made: nn.Module = quantize(module, {nn.GRU, nn.Linear}, dtype=torch.qint8)
    return made


def torch_stream(path: Path, is_int8: bool) -> Callable[[], Callable[[], None]]:
    """Return what loads a trained model and gives a call that runs the next chunk of a stream.

    A chunk has four output frames; one thread. Errors: `UserError` if this torch lacks int8.
    """
    torch.set_num_threads(1)

    def load() -> Callable[[], None]:
        model = models.load(path)
        module: nn.Module | None = StreamingModel(layers_of(model))
        memories, states = cast(StreamingModel, module).start()
        if is_int8:
            module = quantized(cast(nn.Module, module))
        if module is None:
            raise UserError("this torch has no dynamic quantization: leave torch int8 out")
        streaming = module
        chunk = torch.randn(1, 1, 4 * model.settings.stride, len(model.bins_mean))

        def step() -> None:
            nonlocal memories, states
            with torch.inference_mode():
                _, memories, states = streaming(chunk, memories, states)

        return step

    return load
