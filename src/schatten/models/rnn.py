"""A plain recurrent layer: h_t = min(max(W x_t + U h_(t-1) + b, 0), 20).

The clipped ReLU is that of Deep Speech 2 (Amodei et al., 2016), whose layers Narang et
al. (2017) prune. Unlike tanh it keeps gradients whole where it passes values on.
Letters in shapes: M frames of all utterances packed (`Packing`), C inputs, H hidden units.
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from schatten.models.packing import Packing
from schatten.models.products import exact_products

CLIP = 20.0
"""Upper bound of a state, as after convolutions and the fully connected layer."""


def run_rnn(
    x: Tensor,
    packing: Packing,
    nonrec: Tensor,
    rec: Tensor,
    bias: Tensor,
    rec_right: Tensor | None = None,
) -> Tensor:
    """Run a plain layer over packed frames (M, C) with formed matrices (H, C), (H, H): (M, H).

    With `rec_right`, V (r, H), `rec` is U (H, r), and a state is multiplied by V, then by U. It
    computes in the type of the bias, also where mixed precision gives another one.
    """
    kind = bias.dtype
    with torch.autocast(x.device.type, enabled=False):
        right = None if rec_right is None else rec_right.to(kind)
        output: Tensor = _Rnn.apply(x.to(kind), packing, nonrec.to(kind), rec.to(kind), right, bias)
    return output


class _Rnn(torch.autograd.Function):
    """The layer with a gradient written out: no library has this one with a clipped ReLU.

    At each frame there is one product with the recurrent matrix, forward and backward. The gradient
    of each matrix is one product over all frames, of valid frames alone.
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
    ) -> Tensor:
        """Return the states (M, H) of packed frames (M, C), from zero."""
        states = functional.linear(x, nonrec, bias)
        columns = rec.t().contiguous()
        right_columns = None if rec_right is None else rec_right.t().contiguous()
        before: Tensor | None = None
        with exact_products():
            for state in states.split(packing.sizes):
                if before is not None:
                    before = before[: len(state)]
                    read = before if right_columns is None else before @ right_columns
                    state.addmm_(read, columns)
                before = state.clamp_(0.0, CLIP)
        context.packing = packing
        context.save_for_backward(x, nonrec, rec, rec_right, states)
        return states

    @staticmethod
    @once_differentiable
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients of x, the matrices and the bias."""
        x, nonrec, rec, rec_right, states = context.saved_tensors
        packing = context.packing
        # Bounds pass no gradient on, as in torch's hardtanh.
        sums = gradients[0] * ((states > 0) & (states < CLIP))
        frames, passes = sums.split(packing.sizes), states.split(packing.sizes)
        with exact_products():
            for place in range(len(frames) - 2, -1, -1):
                later, state = frames[place + 1], passes[place]
                carried = later @ rec
                if rec_right is not None:
                    carried = carried @ rec_right
                inside = state[: len(later)]
                frames[place][: len(later)].addcmul_(
                    carried, ((inside > 0) & (inside < CLIP)).to(carried.dtype)
                )
        first = max(packing.sizes, default=0)
        rows, before = sums[first:], packing.before(states)
        if rec_right is None:
            of_rec, of_right = rows.t() @ before, None
        else:
            of_rec, of_right = rows.t() @ (before @ rec_right.t()), (rows @ rec).t() @ before
        return sums @ nonrec, None, sums.t() @ x, of_rec, of_right, sums.sum(0)
