"""An LSTM model with quantised passes: torch's forward is the engine's, for training and decoding.

As `quantized` does it for Deep Speech 2. States are quantised at each frame, cells are not: the
engine keeps them in float32. Letters in shapes: N utterances, T frames, n utterances that have a
frame, M frames of all utterances packed (`Packing`), C inputs, H cells, r outputs of a projection.
"""

from typing import cast

import torch
from torch import Tensor

from schatten.compress.quantize import ACTIVATION_BITS, Codes, quantized_frames, quantized_rows
from schatten.models.engine_frames import engine_sigmoid, engine_tanh
from schatten.models.layers import MaskedBatchNorm
from schatten.models.lstm import LstmModel, stack_frames
from schatten.models.packing import Packing, frame_mask
from schatten.models.products import exact_products
from schatten.models.quantized_pieces import (
    Folded,
    Pieces,
    QuantizedPiece,
    folded,
    freeze_norms,
    normalised,
    product_of,
)
from schatten.recipe.models import Lstm
from schatten.units import Units


class QuantizedLstm(LstmModel):
    """LSTMs whose large matrices have `bits` bits; the output has 8.

    Dropout does nothing, and BatchNorm has its running statistics in training too. A projection is
    the right factor of what reads the state, as in the engine: the state itself is what a layer
    gives to the next one.
    """

    def __init__(self, settings: Lstm, units: Units, factorization: str, bits: int) -> None:
        """Build as the model that it quantises, its norms frozen."""
        super().__init__(settings, units, factorization)
        self.bits = bits
        freeze_norms(self)

    def forward(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Return natural-log probabilities (N, T', V) and their lengths (N,)."""
        with torch.autocast(features.device.type, enabled=False), exact_products():
            return self._quantized(features.float(), lengths)

    def _quantized(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        mask, settings = frame_mask(lengths, features.shape[1]), self.settings
        x = normalised(self, features, mask)
        x = stack_frames(x, settings.stack, settings.keep_every)
        lengths = self.output_lengths(lengths)
        packing = Packing(lengths, x.shape[1])
        x = packing.pack(x)
        below: Codes | None = None
        for index, bias in enumerate(self.biases):
            nonrec = self._read(f"lstm{index}.nonrec", index, below)
            rec, below = self._recurrent(index)
            x = run_quantized_lstm(nonrec.product(x, bias), packing, rec)
        rows = quantized_rows(self.output.weight.double(), ACTIVATION_BITS)
        output = QuantizedPiece(rows, below)
        x = output.product(quantized_frames(x), self.output.bias)
        return packing.unpack(x.log_softmax(-1)), lengths

    def _read(self, matrix: str, index: int, below: Codes | None) -> Folded:
        """Return what multiplies a layer's input; `below`: the projection of the layer before."""
        norm = cast(MaskedBatchNorm, self.norms[index]) if index < len(self.norms) else None
        found = folded(self.bank, matrix, norm, self.bits)
        if below is None:
            return found
        return found._replace(pieces=[one._replace(right=below) for one in found.pieces])

    def _recurrent(self, index: int) -> tuple[Pieces, Codes | None]:
        """Return what multiplies a layer's state, and the projection, if it has one."""
        pieces = folded(self.bank, f"lstm{index}.rec", None, self.bits).pieces
        if not self.settings.projection:
            return pieces, None
        projection = self.bank.form()[f"lstm{index}.proj"].double()
        right = quantized_rows(projection, self.bits)
        return [one._replace(right=right) for one in pieces], right


def run_quantized_lstm(gates: Tensor, packing: Packing, rec: Pieces) -> Tensor:
    """Return the states (M, H) from W x + b of packed frames (M, 4H), from zero.

    At each frame the state is quantised before `rec` (4H, H) multiplies it. Gates are input,
    forget, cell, output. The gradient is that of torch's operations, straight through the rounding.
    """
    is_training = torch.is_grad_enabled()
    sigmoid, tanh = (torch.sigmoid, torch.tanh) if is_training else (engine_sigmoid, engine_tanh)
    hidden = gates.shape[1] // 4
    state = cell = gates.new_zeros(max(packing.sizes, default=0), hidden)
    states = []
    for gate in gates.split(packing.sizes):
        state, cell = state[: len(gate)], cell[: len(gate)]
        sums = gate + product_of(rec, quantized_frames(state), None)
        into, forget, new, out = sums.unflatten(1, (4, hidden)).unbind(1)
        # One rounding with the last product, as in the engine (arm/kernels/vector_impl.h).
        cell = torch.addcmul(sigmoid(into) * tanh(new), sigmoid(forget), cell)
        state = sigmoid(out) * tanh(cell)
        states.append(state)
    return torch.cat(states) if states else gates[:, :hidden]
