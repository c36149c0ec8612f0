"""Measures of the singular values of a matrix."""

import math

import torch
from torch import Tensor


def singular_values(matrix: Tensor) -> Tensor:
    """Return the singular values (min(m, n),) of `matrix` (m, n), largest first, in float64."""
    return torch.linalg.svdvals(matrix.detach().double())


def trace_norm(matrix: Tensor) -> float:
    """Return the trace norm (Schatten 1-norm): the sum of the singular values."""
    return float(singular_values(matrix).sum())


def nu(values: Tensor) -> float:
    """Return the nondimensional trace norm coefficient of singular values (d,).

    nu = (‖s‖₁/‖s‖₂ - 1) / (√d - 1). It is 0 at rank 1, and 1 if all singular values are equal.
    Source: the trace norm paper (Kliegl et al., 2018), equation 5.
    """
    if len(values) < 2 or not float(values.norm()):
        return 0.0
    ratio = float(values.sum() / values.norm())
    return (ratio - 1) / (math.sqrt(len(values)) - 1)


def rank_for_variance(values: Tensor, tau: float) -> int:
    """Return the smallest rank whose share of the variance is at least `tau`.

    `values` are singular values (d,), largest first. The share is that of their squares. Source:
    the trace norm paper (Kliegl et al., 2018), section 3.2.2.
    """
    cumulative = values.double().square().cumsum(0)
    reached = cumulative >= tau * cumulative[-1] * (1 - 1e-12)
    return int(reached.to(torch.int8).argmax()) + 1


def rank_below_variance(values: Tensor, tau: float) -> int:
    """Return the largest rank, at least 1, whose share of the variance is at most `tau`.

    `values` are singular values (d,), largest first. The share is that of their squares. Source:
    Prabhavalkar et al. (2016), equation 7.
    """
    cumulative = values.double().square().cumsum(0)
    return max(1, int((cumulative <= tau * cumulative[-1] * (1 + 1e-12)).sum()))
