"""A GRU layer: torch's own, and one for training on a CPU.

Letters in shapes: N utterances, T frames, M frames of all utterances packed (`Packing`), C inputs,
H hidden units.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

from schatten.models.gru_frames import Backward, Forward, kernels_of
from schatten.models.packing import Packing
from schatten.models.products import exact_products


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
    x: Tensor,
    packing: Packing,
    nonrec: Tensor,
    rec: Tensor,
    biases: GruBiases,
    rec_right: Tensor | None = None,
) -> Tensor:
    """Run a GRU over packed frames (M, C) with formed matrices (3H, C), (3H, H): (M, H).

    With `rec_right`, V (r, H), `rec` is U (3H, r), and a state is multiplied by V, then by U. Only
    `trains_on_cpu` allows that.
    """
    if trains_on_cpu(x):
        output: Tensor = TrainedGru.apply(
            x, packing, nonrec, rec, rec_right, biases.input, biases.new
        )
        return output
    assert rec_right is None
    return packing.pack(run_fused_gru(packing.unpack(x), nonrec, rec, biases))


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

    At each frame there is one product with the recurrent matrix, forward and backward. The rest of
    a frame is one pass over its values (`gru_frames`). The gradient of each matrix is one product
    over all frames. `schatten bench-training` prints what it gains.
    """

    @staticmethod
    def forward(
        context: Any,
        x: Tensor,
        packing: Packing,
        nonrec: Tensor,
        rec: Tensor,
        rec_right: Tensor | None,
        bias: Tensor,
        new_bias: Tensor,
    ) -> Tensor:
        """Return the states (M, H) of packed frames (M, C), from zero.

        `nonrec` (3H, C), `rec` (3H, H), `bias` (3H,), `new_bias` (H,), as in `GruBiases`; with
        `rec_right` (r, H), `rec` (3H, r).
        """
        hidden, sizes = len(new_bias), packing.sizes
        gates = functional.linear(x, nonrec)
        inner, states = x.new_empty(len(x), hidden), x.new_empty(len(x), hidden)
        columns = rec.t().contiguous()
        right_columns = None if rec_right is None else rec_right.t().contiguous()
        kernels, product = kernels_of(x.dtype), x.new_empty(max(sizes, default=0), 3 * hidden)
        state = x.new_zeros(len(product), hidden)
        frames = (one.split(sizes) for one in (gates, inner, states))
        with exact_products():
            for gate, within, result in zip(*frames, strict=True):
                if len(result) < len(state):
                    state, product = state[: len(result)], product[: len(result)]
                read = state if right_columns is None else state @ right_columns
                torch.mm(read, columns, out=product)
                kernels.forward(Forward(product, bias, new_bias, state, gate, within, result))
                state = result
        context.packing = packing
        context.save_for_backward(x, nonrec, rec, rec_right, gates, inner, states)
        return states

    @staticmethod
    @once_differentiable
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients of x, the matrices and both biases."""
        x, nonrec, rec, rec_right, gates, inner, states = context.saved_tensors
        packing, kernels = context.packing, kernels_of(states.dtype)
        to_gates, to_new = torch.empty_like(gates), torch.empty_like(states)
        of_frames = (gradients[0].contiguous(), gates, inner, to_gates, to_new)
        frames = [one.split(packing.sizes) for one in of_frames]
        first = states.new_zeros(max(packing.sizes, default=0), states.shape[1])
        # No frame, as in a process's share of a small batch, has no state before it either.
        befores = [first, *states.split(packing.sizes)[:-1]][: len(packing.sizes)]
        carried, later = torch.empty_like(first), 0
        backwards = reversed(list(zip(*frames, befores, strict=True)))
        with exact_products():
            for gradient, gate, within, to_product, to_fresh, before in backwards:
                one = Backward(gradient, gate, within, before, carried, to_product, to_fresh)
                kernels.backward(one, later)
                later = len(gradient)
                if rec_right is None:
                    carried[:later].addmm_(to_product, rec)
                else:
                    carried[:later].addmm_(to_product @ rec, rec_right)
        rec_gradient, right_gradient = _recurrent_gradients(
            to_gates[len(first) :], packing.before(states), rec, rec_right
        )
        hidden = states.shape[1]
        new_bias_gradient = to_gates[:, 2 * hidden :].sum(0)
        to_gates[:, 2 * hidden :] = to_new  # now of W x
        return (
            to_gates @ nonrec,
            None,
            to_gates.t() @ x,
            rec_gradient,
            right_gradient,
            to_gates.sum(0),
            new_bias_gradient,
        )


def _recurrent_gradients(
    rows: Tensor, before: Tensor, rec: Tensor, rec_right: Tensor | None
) -> tuple[Tensor, Tensor | None]:
    """Return the gradients of U, or of both factors, from those of U h (M, 3H) and h (M, H)."""
    if rec_right is None:
        return rows.t() @ before, None
    return rows.t() @ (before @ rec_right.t()), (rows @ rec).t() @ before
