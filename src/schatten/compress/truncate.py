"""Truncated singular value decomposition (SVD) of the weights of a bank."""

from collections.abc import Mapping

import torch
from torch import Tensor

from schatten.compress.activations import root_of, weighted
from schatten.compress.bank import WeightBank
from schatten.compress.ranks import (
    Spectrum,
    ranks_below_variance,
    ranks_for_budget,
    ranks_for_parameters,
    ranks_for_variance,
)
from schatten.compress.spectrum import singular_values
from schatten.compress.weight import Weight

Moments = Mapping[str, Tensor]
"""Second moments (n, n) of the inputs of matrices (m, n), by the name of the matrix."""


def factor(matrix: Tensor, rank: int, moment: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """Return U (m, r) and V (r, n), the best approximation of `matrix` (m, n) at rank r.

    U V minimises ‖W - U V‖². With the second `moment` (n, n) of the inputs x, it minimises the
    average of ‖(W - U V) x‖² instead. Both factors take the square root of the singular values s.
    So ‖U‖² = ‖V‖² = ‖s‖₁, and (‖U‖² + ‖V‖²)/2 is the trace norm of U V.
    """
    target = matrix.detach().double()
    if moment is not None:
        root, inverse = root_of(moment, target)
        u, s, v = torch.linalg.svd(target @ root, full_matrices=False)
        target = (u[:, :rank] * s[:rank]) @ (v[:rank] @ inverse)
    u, s, v = torch.linalg.svd(target, full_matrices=False)
    scale = s[:rank].sqrt()
    return (u[:, :rank] * scale).to(matrix.dtype), (scale[:, None] * v[:rank]).to(matrix.dtype)


def truncate_weight(weight: Weight, rank: int, moment: Tensor | None = None) -> None:
    """Store a weight as factors of `rank`, or dense if the factors would not be smaller.

    Raises `ValueError` for a rank below 1.
    """
    if rank < 1:
        raise ValueError(f"rank {rank} keeps nothing of a matrix: it has to be 1 or more")
    rows, columns = weight.shape
    if rank * (rows + columns) < rows * columns:
        weight.store_factors(*factor(weight(), rank, moment))
    else:
        weight.store_dense()


def factor_fully(bank: WeightBank) -> None:
    """Store every weight as U V with r = min(m, n), the form that the trace norm penalty needs.

    Stage 1 of the trace norm paper (Kliegl et al., 2018) trains this form.
    """
    for _, weight in bank.items():
        weight.store_factors(*factor(weight(), min(weight.shape)))


def spectra_of(bank: WeightBank, moments: Moments | None = None) -> dict[str, Spectrum]:
    """Return the spectrum of each weight for rank rules; with `moments` it is that of W R.

    R is the root of the second moment: see `schatten.compress.activations`.
    """
    found = {}
    for name, weight in bank.items():
        rows, columns = weight.shape
        values = singular_values(weighted(weight(), moment_of(bank, name, moments)))
        found[name] = Spectrum(values, rows + columns, rows * columns)
    return found


def truncate(bank: WeightBank, ranks: Mapping[str, int], moments: Moments | None = None) -> None:
    """Store each weight at its rank, or dense if the factors would not be smaller."""
    for name, weight in bank.items():
        truncate_weight(weight, min(ranks[name], *weight.shape), moment_of(bank, name, moments))


def truncate_to_variance(bank: WeightBank, tau: float, moments: Moments | None = None) -> None:
    """Keep in each weight the smallest rank with at least the share `tau` of its variance."""
    truncate(bank, ranks_for_variance(spectra_of(bank, moments), tau), moments)


def truncate_below_variance(bank: WeightBank, tau: float, moments: Moments | None = None) -> None:
    """Keep in each weight the largest rank with at most the share `tau` of its variance."""
    truncate(bank, ranks_below_variance(spectra_of(bank, moments), tau), moments)


def truncate_to_rank(bank: WeightBank, rank: int, moments: Moments | None = None) -> None:
    """Keep `rank` singular values in each weight; raises `ValueError` for a rank below 1."""
    truncate(bank, {name: rank for name, _ in bank.items()}, moments)


def truncate_to_parameters(
    bank: WeightBank, parameters: int, moments: Moments | None = None
) -> float:
    """Keep the same share of the variance in all weights, with at most `parameters` in the bank.

    Returns the share, the largest that fits. Raises `ValueError` if even rank 1 everywhere has more
    parameters.
    """
    ranks, share = ranks_for_parameters(spectra_of(bank, moments), parameters)
    truncate(bank, ranks, moments)
    return share


def truncate_to_budget(bank: WeightBank, parameters: int, moments: Moments | None = None) -> None:
    """Keep at most `parameters` in the bank, with the ranks that together lose the least.

    See `schatten.compress.ranks.ranks_for_budget`. Raises `ValueError` if even rank 1 everywhere
    has more parameters.
    """
    truncate(bank, ranks_for_budget(spectra_of(bank, moments), parameters), moments)


def moment_of(bank: WeightBank, name: str, moments: Moments | None) -> Tensor | None:
    """Return the second moment (n, n) of a weight's inputs; None without `moments`.

    The matrices of a joint weight may read different inputs: one the state, another the normalised
    state. Then it is the mean of their moments, weighted by their rows. Raises `ValueError` if the
    moment of a matrix is missing.
    """
    if moments is None:
        return None
    pieces = [piece for piece in bank.pieces if piece.weight == name]
    missing = [piece.matrix for piece in pieces if piece.matrix not in moments]
    if missing:
        raise ValueError(f"no moment was given of what {missing[0]} multiplies: give one of each")
    rows = sum(piece.stop - piece.start for piece in pieces)
    total = sum((piece.stop - piece.start) * moments[piece.matrix] for piece in pieces)
    assert isinstance(total, Tensor)
    return total / rows
