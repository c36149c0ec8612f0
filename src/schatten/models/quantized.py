"""Deep Speech 2 with quantised passes: torch's forward is the engine's, for training and decoding.

BatchNorm is folded into the matrix that reads it and is frozen, as in an exported model: the engine
quantises W * gain. Weights have a scale for each row, activations one for each frame, convolutions
one for each window. The states of GRUs are quantised at each frame.
Letters in shapes: N utterances, T frames, M frames of all utterances packed, C channels, F bins.
"""

from typing import cast

import torch
from torch import Tensor
from torch.nn import functional

from schatten.compress.quantize import (
    ACTIVATION_BITS,
    along,
    quantized_frames,
    quantized_product,
    quantized_rows,
)
from schatten.models.acoustic import AcousticModel
from schatten.models.deep_speech_2 import DeepSpeech2Model
from schatten.models.gru import GruBiases
from schatten.models.layers import ConvolutionLayer, MaskedBatchNorm
from schatten.models.packing import Packing, frame_mask
from schatten.models.quantized_gru import run_quantized_gru
from schatten.models.quantized_lstm import QuantizedLstm
from schatten.models.quantized_pieces import Folded, folded, freeze_norms, normalised
from schatten.recipe.models import DeepSpeech2, Lstm
from schatten.units import Units


class QuantizedDeepSpeech2(DeepSpeech2Model):
    """A model whose large matrices have `bits` bits; convolutions and the output have 8.

    Dropout does nothing, and BatchNorm has its running statistics in training too.
    """

    def __init__(self, settings: DeepSpeech2, units: Units, factorization: str, bits: int) -> None:
        """Build as the model that it quantises, its norms frozen."""
        super().__init__(settings, units, factorization)
        self.bits = bits
        freeze_norms(self)

    def forward(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Return natural-log probabilities (N, T', V) and their lengths (N,)."""
        with torch.autocast(features.device.type, enabled=False):
            return self._quantized(features.float(), lengths)

    def _quantized(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        mask = frame_mask(lengths, features.shape[1])
        x = normalised(self, features, mask)
        x, packing = self._convolve(x[..., None], lengths)
        for index, module in enumerate(self.gru_biases):
            biases = cast(GruBiases, module)
            nonrec = self._folded(f"gru{index}.nonrec", cast(MaskedBatchNorm, self.norms[index]))
            rec = self._folded(f"gru{index}.rec", None)
            gates = nonrec.product(x, biases.input)
            x = run_quantized_gru(gates, packing, rec.pieces, biases.new)
        connected = self._folded("fc.nonrec", cast(MaskedBatchNorm, self.norms[-2]))
        x = connected.product(x, self.fully_connected_bias)
        x = functional.hardtanh(x, 0.0, 20.0)
        gain, offset = cast(MaskedBatchNorm, self.norms[-1]).gain_and_offset()
        weight = self.output.weight.double()
        rows = quantized_rows(weight * gain, ACTIVATION_BITS)
        bias = (self.output.bias.double() + weight @ offset).float()
        x = quantized_product(quantized_frames(x), rows, bias)
        return packing.unpack(x.log_softmax(-1)), self.output_lengths(lengths)

    def _convolve(self, x: Tensor, lengths: Tensor) -> tuple[Tensor, Packing]:
        """Run the convolutions over x (N, T, F, 1), zero on padded frames: (M, C * F)."""
        packing, frames = Packing(lengths, x.shape[1]), None
        for module in self.convolutions:
            layer = cast(ConvolutionLayer, module)
            x = x if frames is None else packing.unpack(frames)
            lengths = layer.output_lengths(lengths)
            frames, packing = _convolved(layer, x, lengths)
        frames = packing.pack(x) if frames is None else frames
        return frames.transpose(1, 2).flatten(1), packing

    def _folded(self, matrix: str, norm: MaskedBatchNorm | None) -> Folded:
        return folded(self.bank, matrix, norm, self.bits)


def _convolved(layer: ConvolutionLayer, x: Tensor, lengths: Tensor) -> tuple[Tensor, Packing]:
    """Map x (N, T, F, C) to packed frames (M, F', C') with a scale for each window of frames."""
    (frames, bins), (shift, step) = layer.kernel, layer.stride
    padded = functional.pad(x, (0, 0, 0, 0, (frames - 1) // 2, frames // 2))
    windows = padded.unfold(1, frames, shift)  # (N, T', F, C, frames)
    packing = Packing(lengths, windows.shape[1])
    codes = quantized_frames(packing.pack(windows))
    gain, offset = layer.norm.gain_and_offset()
    weight = layer.convolution.weight.double()
    rows = quantized_rows(weight * along(gain, weight), ACTIVATION_BITS)
    patches = codes.whole.permute(0, 2, 3, 1).flatten(1, 2)  # (M, C * frames, F)
    patches = functional.pad(patches, ((bins - 1) // 2, bins // 2))
    sums = functional.conv1d(patches, rows.whole.flatten(1, 2), stride=step)
    scaled = sums * rows.scales[:, None]
    result = torch.addcmul(offset.float()[:, None], scaled, codes.scales[:, None, None])
    result = functional.hardtanh(result, 0.0, 20.0)
    return result.transpose(1, 2), packing


def quantized(model: AcousticModel, bits: int) -> "QuantizedDeepSpeech2 | QuantizedLstm":
    """Return a model with quantised passes and the weights of `model`: with GRUs or LSTMs."""
    made = quantized_model(model.settings, model.units, model.bank.factorization, bits)
    made.bank.reserve(model.bank.specs)
    made.load_state_dict(model.state_dict())
    return made.train(model.training)


def quantized_model(
    settings: DeepSpeech2 | Lstm, units: Units, factorization: str, bits: int
) -> "QuantizedDeepSpeech2 | QuantizedLstm":
    """Build a model with quantised passes, with dense weights from torch's random state."""
    if isinstance(settings, Lstm):
        return QuantizedLstm(settings, units, factorization, bits)
    return QuantizedDeepSpeech2(settings, units, factorization, bits)


def bits_of(model: AcousticModel) -> int | None:
    """Return the bits of a model's quantised passes; None if they are not quantised."""
    return model.bits if isinstance(model, QuantizedDeepSpeech2 | QuantizedLstm) else None
