"""Penalties on the large matrices of a model, to be added to the loss."""

import torch
from torch import Tensor

from schatten.compress.bank import WeightBank
from schatten.compress.forms import Block
from schatten.compress.sparsity import block_norms, prunable
from schatten.compress.weight import Weight


def trace_norm_penalty(bank: WeightBank, lambda_rec: float, lambda_nonrec: float) -> Tensor:
    """Return (lambda/2) (‖U‖² + ‖V‖²) summed over the factored weights, a scalar.

    Over all factors with U V = W, its minimum is lambda times the trace norm of W. Source: the
    trace norm paper (Kliegl et al., 2018), equation 3.
    """
    terms = [
        _strength(weight, lambda_rec, lambda_nonrec) * (_square(factors[0]) + _square(factors[1]))
        for _, weight in bank.items()
        if (factors := weight.factors) is not None
    ]
    return torch.stack(terms).sum() if terms else torch.zeros(())


def l2_penalty(bank: WeightBank, lambda_rec: float, lambda_nonrec: float) -> Tensor:
    """Return (lambda/2) ‖W‖² summed over the weights, a scalar."""
    terms = [
        _strength(weight, lambda_rec, lambda_nonrec) * _square(weight())
        for _, weight in bank.items()
    ]
    return torch.stack(terms).sum() if terms else torch.zeros(())


def group_lasso_penalty(
    bank: WeightBank, lambda_rec: float, lambda_nonrec: float, block: Block = (1, 1)
) -> Tensor:
    """Return lambda sqrt(R C) ‖W_b‖ summed over the blocks b (R, C) of the weights, a scalar.

    With blocks of one entry it is the L1 norm. A factored weight contributes the blocks of both
    factors. Source: Yuan and Lin (2006).
    """
    terms = []
    for one in prunable(bank).values():
        strength = lambda_rec if one.weight.recurrent else lambda_nonrec
        if strength:
            terms.append(strength * block_norms(one.tensor, block, one.order).sum())
    return torch.stack(terms).sum() if terms else torch.zeros(())


def _strength(weight: Weight, lambda_rec: float, lambda_nonrec: float) -> float:
    return 0.5 * (lambda_rec if weight.recurrent else lambda_nonrec)


def _square(tensor: Tensor) -> Tensor:
    return tensor.square().sum()
