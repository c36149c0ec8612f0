"""A training step of Deep Speech 2 on a CPU as it was until result version 2 of trainings.

`bench-training` times today's step beside it, in one run. It has the same formulas over padded
batches: every BatchNorm picks the valid frames and spreads them again, and a GRU takes some ten
operations a frame. Letters in shapes: N utterances, T frames, C inputs, H hidden units.
"""

from typing import Any, cast

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from schatten.models.deep_speech_2 import DeepSpeech2Model
from schatten.models.gru import GruBiases
from schatten.models.layers import ConvolutionLayer, MaskedBatchNorm, unpack
from schatten.models.packing import frame_mask


class FormerDeepSpeech2(DeepSpeech2Model):
    """The model with its former forward pass; parameters and state are the same."""

    def forward(self, features: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Return natural-log probabilities (N, T', V) and their lengths (N,)."""
        mask = frame_mask(lengths, features.shape[1])
        x = (self.normalise(features) * mask[:, :, None])[:, None]
        for module in self.convolutions:
            x, lengths = _convolve(cast(ConvolutionLayer, module), x, lengths)
        x = x.permute(0, 2, 1, 3).flatten(2)
        mask = frame_mask(lengths, x.shape[1])
        matrices = self.bank.form()
        for index, biases in enumerate(self.gru_biases):
            held = cast(GruBiases, biases)
            x = self._drop(self.norms[index](x, mask))
            nonrec, rec = matrices[f"gru{index}.nonrec"], matrices[f"gru{index}.rec"]
            x = FormerGru.apply(x, nonrec, rec, held.input, held.new)
        x = self._drop(self.norms[-2](x, mask))
        x = functional.linear(x, matrices["fc.nonrec"], self.fully_connected_bias)
        x = self.norms[-1](functional.hardtanh(x, 0.0, 20.0), mask)
        return self.output(x).log_softmax(-1), lengths


def _convolve(layer: ConvolutionLayer, x: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
    """Map x (N, C, T, F) and lengths (N,) to the output of a layer and its lengths."""
    pads = [side for size in reversed(layer.kernel) for side in ((size - 1) // 2, size // 2)]
    x = layer.convolution(functional.pad(x, pads))
    lengths = layer.output_lengths(lengths)
    mask = frame_mask(lengths, x.shape[2])
    x = _normalise(layer.norm, x.transpose(1, 2), mask).transpose(1, 2)
    return functional.hardtanh(x, 0.0, 20.0), lengths


def _normalise(norm: MaskedBatchNorm, x: Tensor, mask: Tensor) -> Tensor:
    """Normalise x (N, T, C, F) on the frames of `mask` (N, T)."""
    frames = functional.batch_norm(
        x[mask], norm.running_mean, norm.running_var, norm.weight, norm.bias, True, eps=norm.eps
    )
    return unpack(frames, mask)


class FormerGru(torch.autograd.Function):
    """The GRU for training on a CPU until result version 2, over padded batches.

    The factors of a frame's gradient are computed for all frames at once.
    """

    @staticmethod
    def forward(
        context: Any,
        x: Tensor,
        nonrec: Tensor,
        rec: Tensor,
        bias: Tensor,
        new_bias: Tensor,
    ) -> Tensor:
        """Return the states (N, T, H) of x (N, T, C), from zero.

        `nonrec` (3H, C), `rec` (3H, H), `bias` (3H,), `new_bias` (H,), as in `GruBiases`.
        """
        hidden = len(new_bias)
        gates = functional.linear(x, nonrec, bias)
        inner, states = x.new_empty(*x.shape[:2], hidden), x.new_empty(*x.shape[:2], hidden)
        by_columns = rec.t().contiguous()
        rec_both, rec_new = by_columns[:, : 2 * hidden], by_columns[:, 2 * hidden :]
        state = x.new_zeros(x.shape[0], hidden)
        for frame, u, result in zip(
            *(one.unbind(1) for one in (gates, inner, states)), strict=True
        ):
            both, new = frame[:, : 2 * hidden], frame[:, 2 * hidden :]
            torch.addmm(new_bias, state, rec_new, out=u)
            both.addmm_(state, rec_both).sigmoid_()
            new.addcmul_(both[:, :hidden], u).tanh_()
            torch.lerp(new, state, both[:, hidden:], out=result)
            state = result
        context.save_for_backward(x, nonrec, rec, gates, inner, states)
        return states

    @staticmethod
    @once_differentiable
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients of x, the matrices and both biases."""
        x, nonrec, rec, gates, inner, states = context.saved_tensors
        before = functional.pad(states[:, :-1], (0, 0, 1, 0))
        gates = gates.unflatten(2, (3, -1))  # values of reset, update and new
        slopes, new_slope = _slopes(gates, inner, before)
        to_states, to_gates = torch.empty_like(states), torch.empty_like(gates)
        carried = torch.zeros_like(states[:, 0])
        frames = [one.unbind(1) for one in (gradients[0], to_states, to_gates, slopes, gates)]
        for gradient, to_state, to_gate, slope, gate in reversed(list(zip(*frames, strict=True))):
            torch.add(gradient, carried, out=to_state)
            torch.mul(to_state[:, None], slope, out=to_gate)
            torch.mul(to_state, gate[:, 1], out=carried)
            carried.addmm_(to_gate.flatten(1), rec)
        rows = to_gates.flatten(2).flatten(0, 1)  # (N T, 3H), of U h
        before = before.flatten(0, 1)
        rec_gradient = rows.t() @ before
        new_bias_gradient = to_gates[:, :, 2].sum((0, 1))
        torch.mul(to_states, new_slope, out=to_gates[:, :, 2])  # now of W x
        nonrec_gradient = rows.t() @ x.flatten(0, 1)
        return (
            (rows @ nonrec).view_as(x),
            nonrec_gradient,
            rec_gradient,
            rows.sum(0),
            new_bias_gradient,
        )


def _slopes(gates: Tensor, inner: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
    """Return the factors of the gradient of a state, for all frames at once.

    With gates r, z, n (N, T, 3, H), inner U_n h + c_n and the states before (N, T, H), h' = n +
    z (h - n): towards the sums inside r and z and towards the inner product (N, T, 3, H), and
    towards the sum inside n (N, T, H).
    """
    r, z, n = gates.unbind(2)
    slopes = torch.empty_like(gates)
    of_reset, of_update, of_inner = slopes.unbind(2)
    of_new = (1 - n * n).mul_(1 - z)
    torch.mul(of_new, r, out=of_inner)
    torch.sub(1, r, out=of_reset).mul_(of_inner).mul_(inner)
    torch.sub(1, z, out=of_update).mul_(z).mul_(before - n)
    return slopes, of_new
