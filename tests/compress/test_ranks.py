"""Budgets over matrices, and truncation weighted by the inputs of a matrix."""

from itertools import product

import pytest
import torch
from torch import Tensor

from schatten import compress
from schatten.compress import Matrix, SecondMoment, Spectrum, WeightBank


def spectra() -> dict[str, Spectrum]:
    """Three matrices: of low rank, of high rank, and one that is small."""
    decays = {"low": 0.5, "high": 0.97, "small": 0.8}
    sizes = {"low": (30, 20), "high": (40, 20), "small": (8, 6)}
    return {
        name: Spectrum(decay ** torch.arange(min(sizes[name])), sum(sizes[name]), m * n)
        for (name, decay), (m, n) in zip(decays.items(), sizes.values(), strict=True)
    }


def lost(of: dict[str, Spectrum], ranks: dict[str, int]) -> float:
    return sum(float(one.lost()[ranks[name] - 1] / one.values.norm()) for name, one in of.items())


def size(of: dict[str, Spectrum], ranks: dict[str, int]) -> int:
    return sum(one.size(ranks[name]) for name, one in of.items())


@pytest.mark.parametrize("budget", [200, 300, 500, 700, 900, 1200])
def test_a_budget_is_kept_and_loses_nearly_the_least_of_all_ranks(budget: int) -> None:
    given = spectra()
    ranks = compress.ranks_for_budget(given, budget)
    assert size(given, ranks) <= budget
    every = product(*(range(1, len(one.values) + 1) for one in given.values()))
    choices = [dict(zip(given, each, strict=True)) for each in every]
    least = min(lost(given, each) for each in choices if size(given, each) <= budget)
    roomier = min(lost(given, each) for each in choices if size(given, each) <= budget - 60)
    assert least - 1e-9 <= lost(given, ranks) <= max(least + 1e-9, roomier)
    shares, _ = compress.ranks_for_parameters(given, budget)
    assert lost(given, ranks) <= lost(given, shares) + 1e-9


def test_a_budget_above_all_leaves_all_whole_and_one_below_rank_1_is_refused() -> None:
    given = spectra()
    ranks = compress.ranks_for_budget(given, 10_000)
    assert lost(given, ranks) == 0
    with pytest.raises(ValueError, match="rank 1 everywhere has 124 parameters"):
        compress.ranks_for_budget(given, 100)


def inputs() -> Tensor:
    """Inputs of unequal strength that are correlated."""
    torch.manual_seed(3)
    return torch.randn(400, 10) @ (torch.randn(10, 10) * torch.arange(1, 11))


def moment(of: Tensor) -> Tensor:
    seen = SecondMoment()
    seen.add(of[:150].reshape(50, 3, 10))
    seen.add(of[150:])
    return seen.mean


def test_a_second_moment_is_the_mean_of_what_was_seen() -> None:
    seen = inputs()
    assert torch.allclose(moment(seen), (seen.T @ seen / 400).double(), rtol=1e-5)
    with pytest.raises(ValueError, match="no inputs were seen"):
        _ = SecondMoment().mean


def test_weighted_truncation_is_the_best_for_the_inputs() -> None:
    """The least error of a product is known: the discarded singular values of W X."""
    seen = inputs()
    matrix = torch.randn(12, 10)
    error = {}
    for name, given in (("weighted", moment(seen)), ("plain", None)):
        u, v = compress.factor(matrix, 4, given)
        error[name] = float((seen @ (matrix - u @ v).T).norm())
        assert float(u.square().sum()) == pytest.approx(float(v.square().sum()), rel=1e-4)
    least = float(compress.singular_values(seen @ matrix.T)[4:].norm())
    assert error["weighted"] == pytest.approx(least, rel=1e-4)
    assert error["plain"] > 1.1 * least


def test_ranks_are_those_of_the_weighted_matrices() -> None:
    torch.manual_seed(5)
    seen = inputs()
    bank = WeightBank(
        [
            Matrix("a.rec", torch.randn(30, 10), "h", recurrent=True),
            Matrix("b.nonrec", torch.randn(20, 10), "h"),
        ],
        "joint",
    )
    moments = {"a.rec": moment(seen), "b.nonrec": moment(seen)}
    values = compress.spectra_of(bank, moments)["a_rec+b_nonrec"].values
    whole = torch.cat([bank.form()["a.rec"], bank.form()["b.nonrec"]])
    assert torch.allclose(values, compress.singular_values(seen @ whole.T)[:10] / 20, rtol=1e-4)
    compress.truncate_to_variance(bank, 0.9, moments)
    assert bank.ranks == {"a_rec+b_nonrec": compress.rank_for_variance(values, 0.9)}
