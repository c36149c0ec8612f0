"""Rank rules: which rank each of several matrices keeps. They look only at singular values."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from schatten.compress.spectrum import rank_below_variance, rank_for_variance

Ranks = dict[str, int]
STEPS = 60
"""Bisection steps on an interval [0, 1]: more than the 53 bits of a double can tell apart."""


@dataclass(frozen=True)
class Spectrum:
    """What a rank rule knows about a matrix."""

    values: Tensor
    """Singular values (d,), largest first: of W, or of W R if inputs weight the errors."""
    per_rank: int
    """Parameters that one more rank costs."""
    whole: int | None
    """Parameters of the dense matrix; None if the matrix is always factored."""

    def size(self, rank: int) -> int:
        """Return the number of parameters at a rank, at most that of the dense matrix."""
        factored = rank * self.per_rank
        return factored if self.whole is None else min(factored, self.whole)

    def lost(self) -> Tensor:
        """Return the squared errors (d,) at ranks 1 to d; zero where the matrix stays dense."""
        squares = self.values.double().square()
        errors = (squares.sum() - squares.cumsum(0)).clamp(min=0)
        if self.whole is not None:
            errors[self.per_rank * self._ranks() >= self.whole] = 0
        return errors

    def sizes(self) -> Tensor:
        """Return the numbers of parameters (d,) at ranks 1 to d."""
        sizes = self.per_rank * self._ranks()
        return sizes if self.whole is None else sizes.clamp(max=self.whole)

    def _ranks(self) -> Tensor:
        return torch.arange(1, len(self.values) + 1, device=self.values.device)


def ranks_for_variance(spectra: Mapping[str, Spectrum], tau: float) -> Ranks:
    """Return for each matrix the smallest rank with at least the share `tau` of the variance.

    This is the rule of the trace norm paper (Kliegl et al., 2018, section 3.2.2).
    """
    return {name: rank_for_variance(one.values, tau) for name, one in spectra.items()}


def ranks_below_variance(spectra: Mapping[str, Spectrum], tau: float) -> Ranks:
    """Return for each matrix the largest rank with at most the share `tau` of the variance.

    It is at least 1. This is the rule of Prabhavalkar et al. (2016, equation 7).
    """
    return {name: rank_below_variance(one.values, tau) for name, one in spectra.items()}


def ranks_for_parameters(spectra: Mapping[str, Spectrum], parameters: int) -> tuple[Ranks, float]:
    """Return ranks with at most `parameters` in total, and the share of variance that they keep.

    All matrices keep the same share, the largest that fits. Raises `ValueError` if even rank 1
    everywhere has more parameters.
    """
    low = _largest(lambda tau: _size(spectra, ranks_for_variance(spectra, tau)), parameters)
    return ranks_for_variance(spectra, low), low


def ranks_for_budget(spectra: Mapping[str, Spectrum], parameters: int) -> Ranks:
    """Return ranks with at most `parameters` in total that together lose the least.

    The loss of a matrix is its squared error divided by its norm. This is the geometric mean of two
    measures. One is the squared error, where large matrices outweigh all others. The other is the
    lost share of the variance, where all matrices count the same. Before stage 2, truncated models
    did better with this loss than with either measure.

    Every parameter has the same price, the Lagrange multiplier of the budget. Each matrix takes the
    rank at which loss plus price is smallest. The price is lowered until the budget is used. No
    other ranks of that size lose less (Everett, 1963). What is left of the budget then goes to
    single ranks, those first that gain the most for a parameter.

    Raises `ValueError` if even rank 1 everywhere has more parameters.
    """

    def at(openness: float) -> Ranks:
        price = (1 - openness) / max(openness, 1e-300)
        return {name: _cheapest(one, price * unit) for name, one in spectra.items()}

    unit = 1 / max(1, sum(one.per_rank for one in spectra.values()))
    ranks = at(_largest(lambda openness: _size(spectra, at(openness)), parameters))
    return _filled(spectra, ranks, parameters)


def _largest(size: Callable[[float], int], parameters: int) -> float:
    """Return the largest x in [0, 1] with size(x) <= `parameters`, for a size that grows with x."""
    low, high = 0.0, 1.0
    if size(low) > parameters:
        raise ValueError(
            f"rank 1 everywhere has {size(low)} parameters, more than the target of {parameters}"
        )
    if size(high) <= parameters:
        return high
    for _ in range(STEPS):
        middle = (low + high) / 2
        if size(middle) <= parameters:
            low = middle
        else:
            high = middle
    return low


def _size(spectra: Mapping[str, Spectrum], ranks: Ranks) -> int:
    return sum(one.size(ranks[name]) for name, one in spectra.items())


def _losses(spectrum: Spectrum) -> Tensor:
    return spectrum.lost() / max(float(spectrum.values.double().norm()), 1e-300)


def _cheapest(spectrum: Spectrum, price: float) -> int:
    return int((_losses(spectrum) + price * spectrum.sizes()).argmin()) + 1


def _filled(spectra: Mapping[str, Spectrum], ranks: Ranks, parameters: int) -> Ranks:
    """Spend the rest of the budget on single ranks, first on those that gain most per parameter."""
    ranks, room = dict(ranks), parameters - _size(spectra, ranks)
    while True:
        steps = []
        for name, one in spectra.items():
            rank, sizes, lost = ranks[name], one.sizes(), _losses(one)
            if rank < len(sizes) and 0 < (cost := int(sizes[rank] - sizes[rank - 1])) <= room:
                steps.append((float(lost[rank - 1] - lost[rank]) / cost, name, cost))
        if not steps:
            return ranks
        _, name, cost = max(steps)
        ranks[name] += 1
        room -= cost
