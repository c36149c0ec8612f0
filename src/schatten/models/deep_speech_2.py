"""Forward-only Deep Speech 2 (Amodei et al., 2016), the default model.

Its sizes are those of the trace norm paper (Kliegl et al., 2018).
"""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from schatten.compress.bank import Factorization, Matrix, WeightBank
from schatten.models.acoustic import AcousticModel, orthogonal_gates, xavier
from schatten.models.gru import GruBiases, run_gru, trains_on_cpu
from schatten.models.layers import ConvolutionLayer, MaskedBatchNorm, apply_right_factor
from schatten.models.packing import Packing, frame_mask
from schatten.models.rnn import run_rnn
from schatten.recipe.models import FEATURE_BINS, DeepSpeech2
from schatten.units import Units


class DeepSpeech2Model(AcousticModel):
    """Convolutions, recurrent layers, a fully connected layer with clipped ReLU, output.

    Matrices of the bank: `gru{i}.nonrec` (3H, C), `gru{i}.rec` (3H, H), `fc.nonrec`. With plain
    recurrent layers they are `rnn{i}.nonrec` (H, C) and `rnn{i}.rec` (H, H).
    """

    settings: DeepSpeech2
    rnn_biases: nn.ParameterList
    """Of plain recurrent layers alone, so that a model of GRUs has no module more than before."""

    def __init__(self, settings: DeepSpeech2, units: Units, factorization: str) -> None:
        """Build with dense weights, initialised from torch's random state."""
        super().__init__(settings, units)
        self.convolutions = nn.ModuleList()
        channels, bins = 1, FEATURE_BINS[settings.feature]
        for shape in settings.convolutions:
            layer = ConvolutionLayer(channels, shape.channels, shape.kernel, shape.stride)
            self.convolutions.append(layer)
            channels, bins = shape.channels, layer.output_bins(bins)
        widths = [channels * bins, *settings.gru, settings.fully_connected]
        self.norms = nn.ModuleList(MaskedBatchNorm(width) for width in widths)
        self.gru_biases = nn.ModuleList()
        if settings.recurrent == "rnn":
            self.rnn_biases = nn.ParameterList(torch.zeros(hidden) for hidden in settings.gru)
        else:
            self.gru_biases.extend(GruBiases(hidden) for hidden in settings.gru)
        self.fully_connected_bias = nn.Parameter(torch.zeros(settings.fully_connected))
        self.output = nn.Linear(settings.fully_connected, len(units))
        # Where the convolutions end, the engine's channels run fastest, ours slowest.
        order = torch.arange(widths[0]).view(channels, bins).T.flatten()
        matrices = _matrices(settings.recurrent, widths, order)
        self.bank = WeightBank(matrices, cast(Factorization, factorization))

    def output_lengths(self, lengths: Tensor) -> Tensor:
        """Return the number of output frames (N,) for `lengths` feature frames (N,)."""
        for layer in self.convolutions:
            lengths = cast(ConvolutionLayer, layer).output_lengths(lengths)
        return lengths

    def forward(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Return natural-log probabilities (N, T', V) and their lengths (N,)."""
        mask = frame_mask(lengths, features.shape[1])
        x, packing = self._convolve(
            (self.normalise(features) * mask[:, :, None])[..., None], lengths
        )
        rights = self._right_factors(x)
        matrices = self.bank.form(rights)
        for index in range(len(self.settings.gru)):
            name = f"{self.settings.recurrent}{index}"
            x = self._drop(self.norms[index](x))
            self.show(f"{name}.nonrec", x)
            x = apply_right_factor(x, rights.get(f"{name}.nonrec"))
            both = matrices[f"{name}.nonrec"], matrices[f"{name}.rec"]
            x = self._recur(index, x, packing, both, rights.get(f"{name}.rec"))
            self.show(f"{name}.rec", x)
        x = self._drop(self.norms[-2](x))
        self.show("fc.nonrec", x)
        x = apply_right_factor(x, rights.get("fc.nonrec"))
        x = functional.linear(x, matrices["fc.nonrec"], self.fully_connected_bias)
        x = self.norms[-1](functional.hardtanh(x, 0.0, 20.0))
        return packing.unpack(self.output(x).log_softmax(-1)), self.output_lengths(lengths)

    def _recur(
        self,
        index: int,
        x: Tensor,
        packing: Packing,
        matrices: tuple[Tensor, Tensor],
        right: Tensor | None,
    ) -> Tensor:
        """Run recurrent layer `index` over packed frames (M, C): (M, H)."""
        if self.settings.recurrent == "rnn":
            return run_rnn(x, packing, *matrices, self.rnn_biases[index], right)
        return run_gru(x, packing, *matrices, cast(GruBiases, self.gru_biases[index]), right)

    def _convolve(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Packing]:
        """Run the convolutions over x (N, T, F, 1), zero on padded frames: (M, C * F)."""
        packing, frames = Packing(lengths, x.shape[1]), None
        for module in self.convolutions:
            layer = cast(ConvolutionLayer, module)
            frames, packing = layer(x if frames is None else packing.unpack(frames), lengths)
            lengths = layer.output_lengths(lengths)
        frames = packing.pack(x) if frames is None else frames
        return frames.transpose(1, 2).flatten(1), packing

    def _right_factors(self, x: Tensor) -> dict[str, Tensor]:
        """Return the right factors that frames (M, n) are multiplied by, by matrix."""
        if trains_on_cpu(x):
            return self.bank.right_factors(recurrent=True, frames=len(x))
        return self.bank.right_factors()

    def _drop(self, x: Tensor) -> Tensor:
        return functional.dropout(x, self.settings.dropout, self.training)

    def parameters_at_inference(self) -> int:
        """Count the numbers stored at inference: BatchNorm folded, factors as factors."""
        count = self.bank.parameters_stored
        for module in self.convolutions:
            layer = cast(ConvolutionLayer, module)
            count += layer.convolution.weight.numel() + layer.convolution.out_channels
        count += sum(parameter.numel() for parameter in self.gru_biases.parameters())
        if self.settings.recurrent == "rnn":
            count += sum(parameter.numel() for parameter in self.rnn_biases)
        count += self.fully_connected_bias.numel()
        return count + sum(parameter.numel() for parameter in self.output.parameters())


def _matrices(kind: str, widths: list[int], order: Tensor) -> list[Matrix]:
    """Return the large matrices; `widths`: first input, recurrent layers, fully connected.

    `order` is the engine's order of the first recurrent layer's inputs.
    """
    gates = 3 if kind == "gru" else 1
    matrices = []
    for index, hidden in enumerate(widths[1:-1]):
        inputs = widths[index]
        below = f"h{index}"
        name = f"{kind}{index}"
        value = xavier(hidden, inputs, gates)
        stored = order if index == 0 else None
        matrices.append(Matrix(f"{name}.nonrec", value, below, gates=gates, order=stored))
        value = orthogonal_gates(hidden, gates)
        above = f"h{index + 1}"
        matrices.append(Matrix(f"{name}.rec", value, above, recurrent=True, gates=gates))
    matrices.append(Matrix("fc.nonrec", xavier(widths[-1], widths[-2]), f"h{len(widths) - 2}"))
    return matrices
