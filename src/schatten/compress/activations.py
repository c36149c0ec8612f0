"""The second moment of a matrix's inputs, and truncation weighted by it.

The second moment of the inputs x is A = E[x xᵀ]. The average of ‖(W - Ŵ) x‖² over inputs is
tr((W - Ŵ) A (W - Ŵ)ᵀ). With a root R of A, A = R Rᵀ, this is ‖(W - Ŵ) R‖². At a given rank, the
truncated SVD of W R minimises it.
"""

import torch
from torch import Tensor

FLOOR = 1e-6
"""Smallest eigenvalue of a second moment, as a share of the mean eigenvalue.

Smaller ones are raised to it, so that the root of the moment has an inverse.
"""


class SecondMoment:
    """The mean of x xᵀ over all inputs x (n,) that were added."""

    def __init__(self) -> None:
        """Start without inputs."""
        self.total: Tensor | None = None
        self.count = 0

    def add(self, inputs: Tensor) -> None:
        """Add inputs (..., n)."""
        rows = inputs.detach().double().flatten(0, -2)
        product = rows.T @ rows
        self.total = product if self.total is None else self.total + product
        self.count += len(rows)

    @property
    def mean(self) -> Tensor:
        """The second moment (n, n), float64.

        Raises `ValueError` if no input was added.
        """
        if self.total is None or not self.count:
            raise ValueError("no inputs were seen: there is no second moment")
        return self.total / self.count


def root_of(moment: Tensor | None, like: Tensor) -> tuple[Tensor, Tensor]:
    """Return the symmetric root of a second moment (n, n) and its inverse, float64.

    Without a moment both are the identity (n, n), for a matrix `like` (m, n).
    """
    if moment is None:
        identity = torch.eye(like.shape[1], dtype=torch.float64, device=like.device)
        return identity, identity
    values, vectors = torch.linalg.eigh(moment.double())
    roots = values.clamp(min=FLOOR * float(values.mean())).sqrt()
    return (vectors * roots) @ vectors.T, (vectors / roots) @ vectors.T


def weighted(matrix: Tensor, moment: Tensor | None) -> Tensor:
    """Return W R (m, n), float64, for a matrix W (m, n) and the moment R Rᵀ of its inputs.

    Without a moment it is W.
    """
    target = matrix.detach().double()
    return target if moment is None else target @ root_of(moment, target)[0]
