"""Matrices of a model as the engine stores them: quantised, with the norm of their input folded in.

Letters in shapes: M frames of all utterances packed, C inputs, r inner units of two factors.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from schatten.compress.bank import WeightBank
from schatten.compress.quantize import Codes, quantized_frames, quantized_product, quantized_rows
from schatten.models.acoustic import AcousticModel
from schatten.models.layers import MaskedBatchNorm


class QuantizedPiece(NamedTuple):
    """Rows of a matrix: W (m, C), or U (m, r) and V (r, C)."""

    left: Codes
    right: Codes | None = None

    def product(self, x: Codes, bias: Tensor | None) -> Tensor:
        """Return products (M, m) of frames (M, C), plus a bias (m,) if there is one.

        What V gives is quantised before U reads it.
        """
        return quantized_product(x if self.right is None else self.inner(x), self.left, bias)

    def inner(self, x: Codes) -> Codes:
        """Return the products (M, r) with V, quantised."""
        assert self.right is not None
        return quantized_frames(quantized_product(x, self.right))


Pieces = Sequence[QuantizedPiece]
"""A matrix, as pieces one below the other."""


def product_of(pieces: Pieces, x: Codes, bias: Tensor | None) -> Tensor:
    """Return the products (M, m) of frames (M, C) with all rows of a matrix, plus a bias (m,)."""
    sizes = [len(piece.left.whole) for piece in pieces]
    biases = [None] * len(sizes) if bias is None else bias.split(sizes)
    parts = [piece.product(x, own) for piece, own in zip(pieces, biases, strict=True)]
    return parts[0] if len(parts) == 1 else torch.cat(parts, 1)


class Folded(NamedTuple):
    """A matrix with the norm of its input folded in."""

    pieces: list[QuantizedPiece]
    added: Tensor
    """What the norm's offset adds to each row (m,)."""
    gain: Tensor | None
    """What the input is multiplied by, where a shared right factor cannot hold it."""

    def product(self, x: Tensor, bias: Tensor) -> Tensor:
        """Return the products (M, m) of frames (M, C), with the layer's own bias (m,)."""
        codes = quantized_frames(x if self.gain is None else x * self.gain)
        return product_of(self.pieces, codes, (bias.double() + self.added).float())


def folded(bank: WeightBank, matrix: str, norm: MaskedBatchNorm | None, bits: int) -> Folded:
    """Return a matrix of the bank with a norm, if any, folded in, as export stores it."""
    weights, pieces, added = dict(bank.items()), [], []
    gain, on_input = None, False
    for piece in (one for one in bank.pieces if one.matrix == matrix):
        left, *right = (one.double() for one in weights[piece.weight].exported())
        factors = [left[piece.start : piece.stop], *right]
        if norm is not None:
            gain, offset = norm.gain_and_offset()
            on_input = bool(right) and bank.is_shared(piece.weight)
            last = factors[-1] @ offset
            added.append(factors[0] @ last if right else last)
            factors[-1] = factors[-1] if on_input else factors[-1] * gain
        pieces.append(QuantizedPiece(*(quantized_rows(one, bits) for one in factors)))
    bias = torch.cat(added) if added else torch.zeros((), dtype=torch.float64)
    return Folded(pieces, bias, gain.float() if gain is not None and on_input else None)


def normalised(model: AcousticModel, features: Tensor, mask: Tensor) -> Tensor:
    """Return features (N, T, F) as the engine normalises them, zero where the mask (N, T) is.

    To the bit: an input near the middle of two codes must not differ.
    """
    deviation = model.bins_deviation.double()
    gain, offset = (1 / deviation).float(), (-model.bins_mean.double() / deviation).float()
    return (features * gain + offset) * mask[:, :, None]


def freeze_norms(model: AcousticModel) -> None:
    """Keep gains and offsets of norms as they are: they are constants of the engine."""
    for name, parameter in model.named_parameters():
        if "norm" in name:
            parameter.requires_grad_(False)
