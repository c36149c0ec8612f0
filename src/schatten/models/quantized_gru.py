"""A GRU whose matrices and states are quantised, for training with quantised passes.

Letters in shapes: n utterances that have this frame, M frames of all utterances packed (`Packing`),
C inputs, r inner units of two factors, H hidden units.
"""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from schatten.compress.quantize import Codes, quantized_frames
from schatten.models.engine_frames import EngineFrames
from schatten.models.gru_frames import Backward, Forward, FrameKernels, TorchFrames, kernels_of
from schatten.models.packing import Packing
from schatten.models.products import exact_products
from schatten.models.quantized_pieces import Pieces, QuantizedPiece, product_of


def run_quantized_gru(gates: Tensor, packing: Packing, rec: Pieces, new_bias: Tensor) -> Tensor:
    """Return the states (M, H) from W x + b of packed frames (M, 3H), from zero.

    At each frame the state is quantised before `rec` (3H, H) multiplies it. `new_bias` (H,) is that
    of `GruBiases`.
    """
    flat = [tensor for piece in rec for codes in piece if codes is not None for tensor in codes]
    factored = tuple(piece.right is not None for piece in rec)
    states: Tensor = _QuantizedGru.apply(gates, packing, new_bias, factored, _kernels(gates), *flat)
    return states


def _pieces(factored: tuple[bool, ...], flat: Sequence[Tensor]) -> list[QuantizedPiece]:
    """Return the pieces whose tensors `run_quantized_gru` listed."""
    pairs = iter([Codes(*flat[at : at + 2]) for at in range(0, len(flat), 2)])
    return [QuantizedPiece(next(pairs), next(pairs) if two else None) for two in factored]


def _kernels(like: Tensor) -> FrameKernels:
    """Return the loops of a frame: compiled ones in a training, which needs no last bits."""
    if not torch.is_grad_enabled():
        return EngineFrames()
    return kernels_of(like.dtype) if like.device.type == "cpu" else TorchFrames()


class _QuantizedGru(torch.autograd.Function):
    """`TrainedGru` with quantised states: its gradient passes straight through the rounding."""

    @staticmethod
    def forward(
        context: Any,
        gates: Tensor,
        packing: Packing,
        new_bias: Tensor,
        factored: tuple[bool, ...],
        kernels: FrameKernels,
        *flat: Tensor,
    ) -> Tensor:
        gates, rec, sizes = gates.clone(), _pieces(factored, flat), packing.sizes
        hidden = len(new_bias)
        inner = gates.new_empty(len(gates), hidden)
        states = torch.empty_like(inner)
        state = gates.new_zeros(max(sizes, default=0), hidden)
        # Both biases are added by the products, in the engine's order: the kernel gets zeros.
        nothing, bias = gates.new_zeros(3 * hidden), gates.new_zeros(3 * hidden)
        bias[2 * hidden :] = new_bias
        with exact_products():
            for gate, within, result in zip(
                *(one.split(sizes) for one in (gates, inner, states)), strict=True
            ):
                state = state[: len(result)]
                product = product_of(rec, quantized_frames(state), bias)
                frame = Forward(product, nothing, nothing[:hidden], state, gate, within, result)
                kernels.forward(frame)
                state = result
        context.packing, context.factored, context.kernels = packing, factored, kernels
        context.save_for_backward(gates, inner, states, *flat)
        return states

    @staticmethod
    @once_differentiable
    def backward(context: Any, *gradients: Tensor) -> tuple[Any, ...]:
        """Return the gradients of W x + b, of c and of the whole numbers of the matrices."""
        gates, inner, states, *flat = context.saved_tensors
        packing, kernels = context.packing, context.kernels
        rec = _pieces(context.factored, flat)
        to_gates, to_new = torch.empty_like(gates), torch.empty_like(states)
        of_frames = (gradients[0].contiguous(), gates, inner, to_gates, to_new)
        frames = [one.split(packing.sizes) for one in of_frames]
        first = states.new_zeros(max(packing.sizes, default=0), states.shape[1])
        befores = [first, *states.split(packing.sizes)[:-1]][: len(packing.sizes)]
        carried, later = torch.empty_like(first), 0
        matrices = [[codes.values() for codes in piece if codes is not None] for piece in rec]
        whole = _joined(matrices)
        with exact_products():
            for gradient, gate, within, to_product, to_fresh, before in reversed(
                list(zip(*frames, befores, strict=True))
            ):
                one = Backward(gradient, gate, within, before, carried, to_product, to_fresh)
                kernels.backward(one, later)
                later = len(gradient)
                carried[:later].addmm_(to_product, whole)
        of_matrices = _matrix_gradients(to_gates[len(first) :], packing.before(states), rec)
        hidden = states.shape[1]
        of_new_bias = to_gates[:, 2 * hidden :].sum(0)
        to_gates[:, 2 * hidden :] = to_new  # now of W x
        return to_gates, None, of_new_bias, None, None, *of_matrices


def _joined(matrices: list[list[Tensor]]) -> Tensor:
    """Return W (3H, H) with all factors multiplied out."""
    return torch.cat([one[0] if len(one) == 1 else one[0] @ one[1] for one in matrices])


def _matrix_gradients(rows: Tensor, before: Tensor, rec: Pieces) -> list[Tensor | None]:
    """Return the gradients of each piece's whole numbers, and None for its scales.

    `rows` (M, 3H) are the gradients of the products, `before` (M, H) the states they were made of.
    """
    found: list[Tensor | None] = []
    x = quantized_frames(before)
    values = x.values()
    starts = 0
    for piece in rec:
        own = rows[:, starts : starts + len(piece.left.whole)]
        starts += len(piece.left.whole)
        if piece.right is None:
            found += [own.t() @ values * piece.left.scales[:, None], None]
            continue
        found += [own.t() @ piece.inner(x).values() * piece.left.scales[:, None], None]
        to_inner = own @ piece.left.values()
        found += [to_inner.t() @ values * piece.right.scales[:, None], None]
    return found
