"""A GRU layer: torch's own, and one for training on a CPU.

Letters in shapes: N utterances, T frames, C inputs, H hidden units.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional


class GruBiases(nn.Module):
    """Biases of a GRU in the variant of cuDNN and torch; gates are reset, update, new.

    The candidate is tanh(W_n x + b_n + r * (U_n h + c_n)): only the new gate has a second bias.
    """

    def __init__(self, hidden: int) -> None:
        """Start at zero."""
        super().__init__()
        self.input = nn.Parameter(torch.zeros(3 * hidden))
        self.new = nn.Parameter(torch.zeros(hidden))

    def forward(self) -> tuple[Tensor, Tensor]:
        """Return the biases that torch's GRU takes: (3H,) of the input, (3H,) of the state."""
        return self.input, torch.cat([self.new.new_zeros(2 * len(self.new)), self.new])


def run_gru(
    x: Tensor, nonrec: Tensor, rec: Tensor, biases: GruBiases, rec_right: Tensor | None = None
) -> Tensor:
    """Run a GRU over x (N, T, C) with formed matrices (3H, C), (3H, H): (N, T, H).

    With `rec_right`, V (r, H), `rec` is U (3H, r), and a state is multiplied by V, then by U. Only
    `trains_on_cpu` allows that.
    """
    if trains_on_cpu(x):
        output: Tensor = TrainedGru.apply(x, nonrec, rec, rec_right, biases.input, biases.new)
        return output
    assert rec_right is None
    return run_fused_gru(x, nonrec, rec, biases)


def run_fused_gru(x: Tensor, nonrec: Tensor, rec: Tensor, biases: GruBiases) -> Tensor:
    """Run torch's GRU over x (N, T, C) with formed matrices (3H, C), (3H, H): (N, T, H)."""
    state = x.new_zeros(1, x.shape[0], rec.shape[1])
    output, _ = torch._VF.gru(x, state, [nonrec, rec, *biases()], True, 1, 0.0, False, False, True)
    return output


def trains_on_cpu(x: Tensor) -> bool:
    """Tell whether `TrainedGru` serves: gradients on a CPU, in one type throughout."""
    on_cpu = x.device.type == "cpu" and not torch.is_autocast_enabled("cpu")
    return on_cpu and torch.is_grad_enabled()


class TrainedGru(torch.autograd.Function):
    """The GRU of cuDNN and torch for training on a CPU, with a gradient written out.

    On a CPU torch records every frame's operations and adds each frame's outer products to the
    gradients of the matrices. Here the factors of a frame's gradient are computed for all frames at
    once. The loop backwards takes one product with the recurrent matrix at each frame. Each
    matrix's gradient is one product. `schatten bench-training` prints what it gains.
    """

    @staticmethod
    def forward(
        context: Any,
        x: Tensor,
        nonrec: Tensor,
        rec: Tensor,
        rec_right: Tensor | None,
        bias: Tensor,
        new_bias: Tensor,
    ) -> Tensor:
        """Return the states (N, T, H) of x (N, T, C), from zero.

        `nonrec` (3H, C), `rec` (3H, H), `bias` (3H,), `new_bias` (H,), as in `GruBiases`; with
        `rec_right` (r, H), `rec` (3H, r).
        """
        hidden = len(new_bias)
        gates = functional.linear(x, nonrec, bias)
        inner, states = x.new_empty(*x.shape[:2], hidden), x.new_empty(*x.shape[:2], hidden)
        by_columns = rec.t().contiguous()
        rec_both, rec_new = by_columns[:, : 2 * hidden], by_columns[:, 2 * hidden :]
        right_columns = None if rec_right is None else rec_right.t().contiguous()
        state = x.new_zeros(x.shape[0], hidden)
        for frame, u, result in zip(
            *(one.unbind(1) for one in (gates, inner, states)), strict=True
        ):
            both, new = frame[:, : 2 * hidden], frame[:, 2 * hidden :]
            read = state if right_columns is None else state @ right_columns
            torch.addmm(new_bias, read, rec_new, out=u)
            both.addmm_(read, rec_both).sigmoid_()
            new.addcmul_(both[:, :hidden], u).tanh_()
            torch.lerp(new, state, both[:, hidden:], out=result)
            state = result
        context.save_for_backward(x, nonrec, rec, rec_right, gates, inner, states)
        return states

    @staticmethod
    @once_differentiable
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients of x, the matrices and both biases."""
        x, nonrec, rec, rec_right, gates, inner, states = context.saved_tensors
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
            read = to_gate.flatten(1)
            if rec_right is None:
                carried.addmm_(read, rec)
            else:
                carried.addmm_(read @ rec, rec_right)
        rows = to_gates.flatten(2).flatten(0, 1)  # (N T, 3H), of U h
        before = before.flatten(0, 1)
        if rec_right is None:
            rec_gradient, inner_gradient = rows.t() @ before, None
        else:
            rec_gradient = rows.t() @ (before @ rec_right.t())
            inner_gradient = (rows @ rec).t() @ before
        new_bias_gradient = to_gates[:, :, 2].sum((0, 1))
        torch.mul(to_states, new_slope, out=to_gates[:, :, 2])  # now of W x
        nonrec_gradient = rows.t() @ x.flatten(0, 1)
        return (
            (rows @ nonrec).view_as(x),
            nonrec_gradient,
            rec_gradient,
            inner_gradient,
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
