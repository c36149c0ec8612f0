"""A trained model as the engine sees it: layers in order, BatchNorm folded, factors kept.

Activations between layers are (frames, bins * channels) with the channel running fastest. So
weights of a convolution are (channels out, bins, frames, channels in). The columns of the first
matrix after the convolutions are in that order too.
"""

from dataclasses import dataclass, field
from typing import cast

import numpy as np
import numpy.typing as npt
import torch

from schatten.export.folding import Affine, affine, fold
from schatten.models.acoustic import AcousticModel
from schatten.models.deep_speech_2 import DeepSpeech2Model
from schatten.models.gru import GruBiases
from schatten.models.layers import ConvolutionLayer, MaskedBatchNorm
from schatten.models.lstm import LstmModel
from schatten.models.rnn import CLIP as STATE_CLIP
from schatten.recipe.models import FEATURE_BINS

Array = npt.NDArray[np.float64]
CLIP = 20.0


@dataclass
class Layer:
    """One layer: what kind it is, its sizes, its matrices and its vectors."""

    kind: str
    """`convolution`, `stack`, `gru`, `rnn`, `lstm` or `linear`."""
    sizes: dict[str, int] = field(default_factory=dict)
    clip: float | None = None
    """Upper bound of a clipped ReLU; None if the result is linear."""
    matrices: dict[str, Array] = field(default_factory=dict)
    """(rows, columns) by name: these are quantized."""
    vectors: dict[str, Array] = field(default_factory=dict)
    """Biases and gains by name: these stay fp32."""
    pieces: dict[str, int] = field(default_factory=dict)
    """Number of pieces, one below the other, of each product."""
    shares: dict[str, str] = field(default_factory=dict)
    """Matrices that are stored with another layer: name here to the tensor's full name."""

    def bits(self, precision: str) -> int | None:
        """Return the bits of its weights; None in fp32.

        Convolutions and the output have 8 in int4 too: they are small, and first and last layers
        suffer most.
        """
        if precision == "fp32":
            return None
        is_output = self.kind == "linear" and self.clip is None
        return 4 if precision == "int4" and self.kind != "convolution" and not is_output else 8


def layers_of(model: AcousticModel) -> list[Layer]:
    """Return the layers of a model, the first one first; the last gives the units."""
    builder = _Builder(model)
    with torch.no_grad():
        if isinstance(model, DeepSpeech2Model):
            builder.deep_speech_2(model)
        else:
            builder.lstm(cast(LstmModel, model))
    return builder.layers


class _Builder:
    """Appends layer after layer, and knows where shared factors were stored first."""

    def __init__(self, model: AcousticModel) -> None:
        self.bank = model.bank
        self.layers: list[Layer] = []
        self.stored: dict[str, str] = {}

    def deep_speech_2(self, model: DeepSpeech2Model) -> None:
        """Add convolutions, recurrent layers, the fully connected layer and the output."""
        bins = FEATURE_BINS[model.settings.feature]
        for module in model.convolutions:
            convolution = cast(ConvolutionLayer, module)
            self.layers.append(_convolution(convolution, bins))
            bins = convolution.output_bins(bins)
        kind = model.settings.recurrent
        order = cast(torch.Tensor, model.bank.orders[f"{kind}0.nonrec"]).numpy()
        norms = [affine(cast(MaskedBatchNorm, norm)) for norm in model.norms]
        for index, units in enumerate(model.settings.gru):
            layer = Layer(kind, {"units": units})
            if kind == "gru":
                biases = cast(GruBiases, model.gru_biases[index])
                layer.vectors = {"bias": _array(biases.input), "new_bias": _array(biases.new)}
            else:
                layer.clip = STATE_CLIP
                layer.vectors = {"bias": _array(model.rnn_biases[index])}
            self._add(layer, f"{kind}{index}.nonrec", norms[index], order)
            self._product(layer, "rec", f"{kind}{index}.rec")
            order = np.arange(layer.sizes["units"])
        layer = Layer("linear", {"units": len(model.fully_connected_bias)}, CLIP)
        layer.vectors = {"bias": _array(model.fully_connected_bias)}
        self._add(layer, "fc.nonrec", norms[-2], order)
        self.layers.append(_output(model.output, norms[-1]))

    def lstm(self, model: LstmModel) -> None:
        """Add the stacking of frames, LSTMs and the output."""
        settings = model.settings
        sizes = {"stack": settings.stack, "keep_every": settings.keep_every}
        self.layers.append(Layer("stack", sizes))
        for index, bias in enumerate(model.biases):
            layer = Layer("lstm", {"units": settings.lstm[index]})
            layer.vectors = {"bias": _array(bias)}
            if index < len(model.norms):
                norm = affine(cast(MaskedBatchNorm, model.norms[index]))
                self._add(layer, f"lstm{index}.nonrec", norm, np.arange(len(norm.gain)))
            else:
                self.layers.append(layer)
                self._product(layer, "nonrec", f"lstm{index}.nonrec")
                self._reads_projection(layer, settings.lstm[index - 1])
            self._product(layer, "rec", f"lstm{index}.rec")
            if settings.projection:
                projection = model.bank.form()[f"lstm{index}.proj"]
                layer.matrices["rec.0.u"] = layer.matrices.pop("rec.0")
                layer.matrices["rec.0.v"] = _array(projection)
        output = _output(model.output, None)
        self.layers.append(output)
        if settings.projection:
            self._reads_projection(output, settings.lstm[-1])

    def _add(self, layer: Layer, matrix: str, norm: Affine, order: npt.NDArray[np.int64]) -> None:
        """Append a layer whose input is normalised and then multiplied by `matrix`."""
        self.layers.append(layer)
        layer.sizes["inputs"] = len(norm.gain)
        self._product(layer, "nonrec", matrix, norm)
        for name, value in layer.matrices.items():
            if not name.endswith(".u"):
                layer.matrices[name] = value[:, order]

    def _product(self, layer: Layer, role: str, matrix: str, norm: Affine | None = None) -> None:
        """Store the pieces of a matrix, with the norm of its input folded in."""
        weights = dict(self.bank.items())
        pieces = [piece for piece in self.bank.pieces if piece.matrix == matrix]
        layer.pieces[role] = len(pieces)
        added = []
        for index, piece in enumerate(pieces):
            name = f"{role}.{index}"
            left, *right = map(_array, weights[piece.weight].exported())
            left = left[piece.start : piece.stop]
            if not right:
                layer.matrices[name], bias = fold(left, norm)
                added.append(bias)
                continue
            folded, bias = fold(right[0], norm)
            added.append(left @ bias)
            layer.matrices[f"{name}.u"] = left
            if self.bank.is_shared(piece.weight):
                self._share(layer, f"{name}.v", piece.weight, right[0])
                if norm is not None:
                    layer.vectors["gain"] = norm.gain
            else:
                layer.matrices[f"{name}.v"] = folded
        if norm is not None:
            layer.vectors["bias"] = layer.vectors["bias"] + np.concatenate(added)

    def _reads_projection(self, layer: Layer, cells: int) -> None:
        """Make a matrix a left factor, if it reads the projection of the layer below, of `cells`.

        The right factor is that projection, stored with the recurrent matrix below.
        """
        layer.sizes["inputs"] = cells
        layer.matrices["nonrec.0.u"] = layer.matrices.pop("nonrec.0")
        layer.shares["nonrec.0.v"] = f"layer.{len(self.layers) - 2}.rec.0.v"

    def _share(self, layer: Layer, name: str, weight: str, value: Array) -> None:
        """Store a shared right factor with its first layer; later layers point to it."""
        if weight in self.stored:
            layer.shares[name] = self.stored[weight]
        else:
            layer.matrices[name] = value
            self.stored[weight] = f"layer.{len(self.layers) - 1}.{name}"


def _convolution(layer: ConvolutionLayer, bins: int) -> Layer:
    """Return a convolution with its BatchNorm folded in: weights (C out, bins, frames, C in)."""
    weight = layer.convolution.weight
    norm = affine(layer.norm)
    outputs, inputs, frames, wide = weight.shape
    rows = _array(weight.permute(0, 3, 2, 1).reshape(outputs, -1)) * norm.gain[:, None]
    sizes = {
        "inputs": inputs,
        "channels": outputs,
        "bins": bins,
        "kernel_frames": frames,
        "kernel_bins": wide,
        "stride_frames": layer.stride[0],
        "stride_bins": layer.stride[1],
    }
    return Layer(
        "convolution", sizes, CLIP, {"nonrec.0": rows}, {"bias": norm.offset}, {"nonrec": 1}
    )


def _output(linear: torch.nn.Linear, norm: Affine | None) -> Layer:
    """Return the last layer, whose results are unnormalised log-probabilities."""
    rows, bias = fold(_array(linear.weight), norm)
    sizes = {"units": linear.out_features, "inputs": linear.in_features}
    vectors = {"bias": _array(linear.bias) + bias}
    return Layer("linear", sizes, None, {"nonrec.0": rows}, vectors, {"nonrec": 1})


def _array(tensor: torch.Tensor) -> Array:
    return tensor.detach().numpy().astype(np.float64)
