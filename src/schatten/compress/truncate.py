"""Truncated singular value decomposition of the weights of a bank."""

import torch
from torch import Tensor

from schatten.compress.bank import WeightBank
from schatten.compress.spectrum import rank_for_variance, singular_values
from schatten.compress.weight import Weight


def factor(matrix: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """Return U (m, r) and V (r, n), the best rank-r product for `matrix` (m, n), balanced.

    Both take the square root of the singular values, so that ‖U‖² = ‖V‖² = ‖s‖₁ and
    (‖U‖² + ‖V‖²)/2 is the trace norm.
    """
    u, s, v = torch.linalg.svd(matrix.detach().double(), full_matrices=False)
    root = s[:rank].sqrt()
    return (u[:, :rank] * root).to(matrix.dtype), (root[:, None] * v[:rank]).to(matrix.dtype)


def truncate_weight(weight: Weight, rank: int) -> None:
    """Store a weight at `rank`, or whole where the factors would not be smaller."""
    rows, columns = weight.shape
    if rank * (rows + columns) < rows * columns:
        weight.store_factors(*factor(weight(), rank))
    elif weight.is_factored:
        weight.store_dense()


def factor_fully(bank: WeightBank) -> None:
    """Store every weight as U V with r = min(m, n), the form in which T trains stage 1."""
    for _, weight in bank.items():
        weight.store_factors(*factor(weight(), min(weight.shape)))


def truncate_to_variance(bank: WeightBank, tau: float) -> None:
    """Keep in each weight the smallest rank that holds the share `tau` of its variance."""
    for _, weight in bank.items():
        truncate_weight(weight, rank_for_variance(singular_values(weight()), tau))


def truncate_to_rank(bank: WeightBank, rank: int) -> None:
    """Keep `rank` singular values in each weight."""
    for _, weight in bank.items():
        truncate_weight(weight, min(rank, *weight.shape))


def truncate_to_parameters(bank: WeightBank, parameters: int) -> float:
    """Keep the largest common share of variance with which the bank has at most `parameters`.

    Returns the share. Raises `ValueError` where even rank 1 everywhere is larger.
    """
    spectra = {name: singular_values(weight()) for name, weight in bank.items()}
    low, high = 0.0, 1.0
    if _size_at(bank, spectra, low) > parameters:
        raise ValueError(
            f"rank 1 everywhere has {_size_at(bank, spectra, low)} parameters, "
            f"more than the target of {parameters}"
        )
    for _ in range(50):
        middle = (low + high) / 2
        if _size_at(bank, spectra, middle) <= parameters:
            low = middle
        else:
            high = middle
    truncate_to_variance(bank, low)
    return low


def _size_at(bank: WeightBank, spectra: dict[str, Tensor], tau: float) -> int:
    """Count the parameters of a bank truncated to a share of variance."""
    size = 0
    for name, weight in bank.items():
        rows, columns = weight.shape
        rank = rank_for_variance(spectra[name], tau)
        size += min(rank * (rows + columns), rows * columns)
    return size
