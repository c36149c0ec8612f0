"""Reads a model that was exported for the engine back into one that can be trained.

What `schatten export` folded and rounded stays so: BatchNorm is part of the weights, 8-bit weights
are multiplied by their scales, and factors are multiplied out.
"""

from pathlib import Path
from typing import Any, Literal

import gguf
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from schatten.compress.forms import ENGINE_BLOCK
from schatten.errors import UserError
from schatten.models.acoustic import AcousticModel
from schatten.models.deep_speech_2 import DeepSpeech2Model
from schatten.models.layers import MaskedBatchNorm
from schatten.models.lstm import LstmModel
from schatten.recipe.models import FEATURE_BINS, Convolution, DeepSpeech2, Lstm
from schatten.units import Units
from schatten.units.inventory import CHARACTERS

Array = npt.NDArray[np.float64]


def load_exported(path: Path) -> AcousticModel:
    """Read a model (.gguf) that `schatten export` wrote, with dense weights, in evaluation mode.

    Errors: `UserError` for a file that is missing, damaged or of another program.
    """
    if not path.is_file():
        raise UserError(f"{path} does not exist: export a model, or give a model.pt")
    try:
        file = _File(path)
        model = _deep_speech_2(file) if file.kinds[0] != "stack" else _lstm(file)
    except (KeyError, IndexError, ValueError, RuntimeError, OSError) as error:
        raise UserError(
            f"{path} is no model that schatten exported ({error}): give model.gguf of a bundle"
        ) from None
    return model.eval()


class _File:
    """The metadata and the matrices of an exported model."""

    def __init__(self, path: Path) -> None:
        reader = gguf.GGUFReader(path)
        self.fields = {name: field.contents() for name, field in reader.fields.items()}
        self.tensors = {tensor.name: np.array(tensor.data) for tensor in reader.tensors}
        self.kinds: list[str] = self.fields["schatten.layers"]

    @property
    def units(self) -> Units:
        """The units that the model writes."""
        names = tuple(self.fields["schatten.units"])
        kind = self.fields.get("schatten.units.kind", CHARACTERS)
        separator = " " if kind == CHARACTERS else self.fields.get("schatten.units.separator")
        return Units(kind, names, separator)

    @property
    def feature(self) -> Any:
        """The name of the features, by their number of bins."""
        bins = len(self.tensors["features.gain"])
        return next(name for name, count in FEATURE_BINS.items() if count == bins)

    def statistics(self) -> tuple[Tensor, Tensor]:
        """Return mean and standard deviation of each bin; that of an unused bin is infinite."""
        gain = torch.from_numpy(self.tensors["features.gain"]).double()
        offset = torch.from_numpy(self.tensors["features.offset"]).double()
        mean = torch.where(gain > 0, -offset / gain, torch.zeros_like(gain))
        return mean.float(), (1 / gain).float()

    def size(self, layer: int, name: str) -> int:
        """Return a size of a layer."""
        return int(self.fields[f"schatten.layer.{layer}.{name}"])

    def vector(self, layer: int, name: str) -> Tensor:
        """Return a bias."""
        return torch.from_numpy(self.tensors[f"layer.{layer}.{name}"].astype(np.float32))

    def stored(self, name: str) -> Array:
        """Return a matrix (m, n) by the name of its tensor, whole or in blocks, in 4 bits too."""
        values = self.tensors[name]
        if columns := self.fields.get(f"schatten.{name}.columns"):
            values = _from_nibbles(values, int(columns))
        if f"{name}.blocks" in self.tensors:
            values = self._from_blocks(name, values)
        scales = self.tensors.get(f"{name}.scale")
        whole = values.astype(np.float64)
        return whole if scales is None else whole * scales.astype(np.float64)[:, None]

    def _from_blocks(self, name: str, stored: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return a matrix of which only some blocks are stored."""
        rows, columns = (int(self.fields[f"schatten.{name}.{side}"]) for side in ("rows", "cols"))
        tiles, steps = -(-rows // ENGINE_BLOCK[0]), -(-columns // ENGINE_BLOCK[1])
        bitmap = self.tensors[f"{name}.blocks"].view(np.uint8).reshape(tiles, -1)
        there = np.unpackbits(bitmap, axis=1, bitorder="little")[:, :steps].astype(bool)
        blocks = np.zeros((tiles, steps, *ENGINE_BLOCK), stored.dtype)
        blocks[there] = stored.reshape(-1, *ENGINE_BLOCK)
        whole = blocks.transpose(0, 2, 1, 3).reshape(
            tiles * ENGINE_BLOCK[0], steps * ENGINE_BLOCK[1]
        )
        return whole[:rows, :columns]

    def factor(self, layer: int, name: str) -> Array:
        """Return a matrix or a factor of a layer; one that another layer stores, from there."""
        shared = self.fields.get(f"schatten.layer.{layer}.{name}.shares")
        return self.stored(shared or f"layer.{layer}.{name}")

    def shares(self, layer: int, name: str) -> bool:
        """Tell whether another layer stores a factor."""
        return f"schatten.layer.{layer}.{name}.shares" in self.fields

    def product(self, layer: int, role: str) -> Array:
        """Return the matrix of `nonrec` or `rec` of a layer, multiplied out."""
        pieces = []
        for index in range(self.size(layer, f"{role}.pieces")):
            name = f"{role}.{index}"
            if f"layer.{layer}.{name}" in self.tensors:
                pieces.append(self.factor(layer, name))
                continue
            right = self.factor(layer, f"{name}.v")
            gain = self.tensors.get(f"layer.{layer}.gain") if role == "nonrec" else None
            if gain is not None and self._is_unfolded(layer, name):
                right = right * gain.astype(np.float64)
            pieces.append(self.factor(layer, f"{name}.u") @ right)
        return np.concatenate(pieces)

    def _is_unfolded(self, layer: int, name: str) -> bool:
        """Tell whether a right factor serves several layers, so that no norm is folded into it."""
        stored = f"layer.{layer}.{name}.v"
        shared = [value for key, value in self.fields.items() if key.endswith(".shares")]
        return self.shares(layer, f"{name}.v") or stored in shared


def _from_nibbles(packed: npt.NDArray[Any], columns: int) -> npt.NDArray[Any]:
    """Return whole numbers in -8..7 (m, n) from two in a byte, the first one in the low half."""
    codes = packed.view(np.uint8)
    halves = np.stack((codes & 15, codes >> 4), axis=-1).reshape(len(codes), -1)[:, :columns]
    return ((halves ^ 8).astype(np.int8) - 8).astype(np.int8)


def _tensor(matrix: Array) -> Tensor:
    return torch.from_numpy(matrix.astype(np.float32))


def _deep_speech_2(file: _File) -> AcousticModel:
    kinds = file.kinds
    convolutions = [index for index, kind in enumerate(kinds) if kind == "convolution"]
    recurrent: Literal["gru", "rnn"] = "rnn" if "rnn" in kinds else "gru"
    layers = [index for index, kind in enumerate(kinds) if kind == recurrent]
    settings = DeepSpeech2(
        type="deep_speech_2",
        feature=file.feature,
        convolutions=tuple(_convolution(file, index) for index in convolutions),
        gru=tuple(file.size(index, "units") for index in layers),
        recurrent=recurrent,
        fully_connected=file.size(layers[-1] + 1, "units"),
    )
    model = DeepSpeech2Model(settings, file.units, "partial")
    model.set_statistics(*file.statistics())
    with torch.no_grad():
        for index, layer in zip(convolutions, model.convolutions, strict=True):
            _fill_convolution(file, index, layer)
        for norm in model.norms:
            _do_nothing(norm)
        matrices = {}
        for number, index in enumerate(layers):
            for role in ("nonrec", "rec"):
                matrices[f"{recurrent}{number}.{role}"] = _tensor(file.product(index, role))
            if recurrent == "rnn":
                model.rnn_biases[number].copy_(file.vector(index, "bias"))
                continue
            biases: Any = model.gru_biases[number]
            biases.input.copy_(file.vector(index, "bias"))
            biases.new.copy_(file.vector(index, "new_bias"))
        reader = f"{recurrent}0.nonrec"
        order = model.bank.orders[reader]
        assert order is not None, "the engine's order is that of the convolutions"
        first = torch.empty_like(matrices[reader])
        first[:, order] = matrices[reader]
        connected = _tensor(file.product(layers[-1] + 1, "nonrec"))
        matrices |= {reader: first, "fc.nonrec": connected}
        model.bank.fill(matrices)
        model.fully_connected_bias.copy_(file.vector(layers[-1] + 1, "bias"))
        _fill_output(file, model.output)
    return model


def _convolution(file: _File, layer: int) -> Convolution:
    names = ("kernel_frames", "kernel_bins", "stride_frames", "stride_bins")
    frames, bins, every, step = (file.size(layer, name) for name in names)
    return Convolution(
        channels=file.size(layer, "channels"), kernel=(frames, bins), stride=(every, step)
    )


def _fill_convolution(file: _File, index: int, layer: Any) -> None:
    weight = layer.convolution.weight
    outputs, inputs, frames, wide = weight.shape
    rows = _tensor(file.stored(f"layer.{index}.nonrec.0"))
    weight.copy_(rows.reshape(outputs, wide, frames, inputs).permute(0, 3, 2, 1))
    _do_nothing(layer.norm)
    layer.norm.bias.copy_(file.vector(index, "bias"))


def _do_nothing(norm: Any) -> None:
    """Make a norm return its input, in evaluation mode."""
    assert isinstance(norm, MaskedBatchNorm) and norm.running_var is not None
    norm.running_var.fill_(1 - norm.eps)


def _fill_output(file: _File, output: nn.Linear) -> None:
    last = len(file.kinds) - 1
    if file.shares(last, "nonrec.0.v"):  # it reads a projection, which the layer below makes
        output.weight.copy_(_tensor(file.factor(last, "nonrec.0.u")))
    else:
        output.weight.copy_(_tensor(file.product(last, "nonrec")))
    output.bias.copy_(file.vector(last, "bias"))


def _lstm(file: _File) -> AcousticModel:
    layers = [index for index, kind in enumerate(file.kinds) if kind == "lstm"]
    is_projected = file.shares(len(file.kinds) - 1, "nonrec.0.v")
    widths = [len(file.factor(i, "rec.0.v")) for i in layers] if is_projected else []
    settings = Lstm(
        type="lstm",
        feature=file.feature,
        stack=file.size(0, "stack"),
        keep_every=file.size(0, "keep_every"),
        lstm=tuple(file.size(index, "units") for index in layers),
        projection=tuple(widths),
    )
    model = LstmModel(settings, file.units, "partial")
    model.set_statistics(*file.statistics())
    with torch.no_grad():
        for norm in model.norms:
            _do_nothing(norm)
        matrices = {}
        for number, index in enumerate(layers):
            name = f"lstm{number}"
            if is_projected:
                above = number > 0
                nonrec = (
                    file.factor(index, "nonrec.0.u") if above else file.product(index, "nonrec")
                )
                matrices[f"{name}.rec"] = _tensor(file.factor(index, "rec.0.u"))
                matrices[f"{name}.proj"] = _tensor(file.factor(index, "rec.0.v"))
            else:
                nonrec = file.product(index, "nonrec")
                matrices[f"{name}.rec"] = _tensor(file.product(index, "rec"))
            matrices[f"{name}.nonrec"] = _tensor(nonrec)
            model.biases[number].copy_(file.vector(index, "bias"))
        model.bank.fill(matrices)
        _fill_output(file, model.output)
    return model
