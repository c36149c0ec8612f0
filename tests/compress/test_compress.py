"""Compression: spectra, penalties, truncation, and the layouts of the three factorizations."""

import math

import pytest
import torch

from schatten import compress
from schatten.compress.bank import Matrix, WeightBank
from schatten.compress.truncate import factor_fully


def bank_of(factorization: str, hidden: int = 6, inputs: int = 5) -> WeightBank:
    torch.manual_seed(0)
    matrices = [
        Matrix("gru0.nonrec", torch.randn(3 * hidden, inputs), "h0", gates=3),
        Matrix("gru0.rec", torch.randn(3 * hidden, hidden), "h1", recurrent=True, gates=3),
        Matrix("fc.nonrec", torch.randn(4, hidden), "h1"),
    ]
    return WeightBank(matrices, factorization)


@pytest.mark.parametrize("factorization", ["split", "partial", "joint"])
def test_every_factorization_forms_the_same_matrices(factorization: str) -> None:
    bank, reference = bank_of(factorization), bank_of("partial")
    for name, matrix in reference.form().items():
        assert torch.equal(bank.form()[name], matrix)
    factor_fully(bank)
    for name, matrix in reference.form().items():
        assert torch.allclose(bank.form()[name], matrix, atol=1e-5)


def test_joint_factors_share_the_right_factor_of_what_reads_the_same_input() -> None:
    names = [name for name, _ in bank_of("joint").items()]
    assert names == ["gru0_nonrec", "gru0_rec+fc_nonrec"]
    assert len(list(bank_of("split").items())) == 7


def test_nu_is_zero_for_rank_one_and_one_for_equal_singular_values() -> None:
    assert compress.nu(compress.singular_values(torch.ones(4, 3))) == pytest.approx(0, abs=1e-6)
    assert compress.nu(compress.singular_values(torch.eye(7))) == pytest.approx(1)
    values = torch.tensor([3.0, 4.0])
    assert compress.nu(values) == pytest.approx((7 / 5 - 1) / (math.sqrt(2) - 1))


def test_rank_for_variance_is_the_smallest_that_reaches_the_share() -> None:
    values = torch.tensor([3.0, 2.0, 1.0, 1.0])  # squares 9, 4, 1, 1 of 15
    assert compress.rank_for_variance(values, 9 / 15) == 1
    assert compress.rank_for_variance(values, 9 / 15 + 1e-6) == 2
    assert compress.rank_for_variance(values, 13 / 15) == 2
    assert compress.rank_for_variance(values, 1.0) == 4


def test_p_takes_the_largest_rank_that_does_not_exceed_the_share() -> None:
    values = torch.tensor([3.0, 2.0, 1.0, 1.0])  # squares 9, 4, 1, 1 of 15
    assert compress.rank_below_variance(values, 0.1) == 1
    assert compress.rank_below_variance(values, 9 / 15) == 1
    assert compress.rank_below_variance(values, 13 / 15 - 1e-6) == 1
    assert compress.rank_below_variance(values, 13 / 15) == 2
    assert compress.rank_below_variance(values, 1.0) == 4


def test_factors_are_balanced_and_best() -> None:
    matrix = torch.randn(8, 5)
    u, v = compress.factor(matrix, 3)
    values = compress.singular_values(matrix)
    assert float((matrix - u @ v).norm()) == pytest.approx(float(values[3:].norm()), rel=1e-5)
    assert float(u.square().sum()) == pytest.approx(float(values[:3].sum()), rel=1e-5)
    assert float(v.square().sum()) == pytest.approx(float(values[:3].sum()), rel=1e-5)


def test_variational_penalty_at_balance_is_the_trace_norm() -> None:
    bank = bank_of("partial")
    factor_fully(bank)
    rec = compress.trace_norm(bank.form()["gru0.rec"])
    others = sum(compress.trace_norm(bank.form()[name]) for name in ("gru0.nonrec", "fc.nonrec"))
    penalty = compress.trace_norm_penalty(bank, 2.0, 3.0).item()
    assert penalty == pytest.approx(2 * rec + 3 * others, rel=1e-5)


def test_minimising_the_variational_penalty_soft_thresholds_the_singular_values() -> None:
    """min ‖W - M‖²/2 + lambda ‖W‖_1 is known: singular values max(s - lambda, 0)."""
    torch.manual_seed(1)
    target, strength = torch.randn(6, 5), 0.7
    bank = WeightBank([Matrix("w", torch.randn(6, 5), "x")], "partial")
    factor_fully(bank)
    optimiser = torch.optim.SGD(bank.parameters(), lr=0.05, momentum=0.9)
    for _ in range(2000):
        optimiser.zero_grad()
        value = (bank.form()["w"] - target).square().sum() / 2
        (value + compress.trace_norm_penalty(bank, 0.0, strength)).backward()
        optimiser.step()
    expected = (compress.singular_values(target) - strength).clamp(min=0)
    found = bank.form()["w"].detach()
    assert torch.allclose(compress.singular_values(found), expected, atol=2e-3)
    penalty = compress.trace_norm_penalty(bank, 0.0, strength).item()
    assert penalty == pytest.approx(strength * compress.trace_norm(found), rel=1e-3)


def test_l2_penalty_counts_each_matrix_once() -> None:
    bank = bank_of("split")
    formed = bank.form()
    nonrec = formed["gru0.nonrec"].square().sum() + formed["fc.nonrec"].square().sum()
    expected = 0.5 * (2 * formed["gru0.rec"].square().sum() + 3 * nonrec)
    assert torch.allclose(compress.l2_penalty(bank, 2.0, 3.0), expected)


def test_a_matrix_is_left_whole_where_factors_would_not_be_smaller() -> None:
    bank = bank_of("partial")
    before = {name: matrix.clone() for name, matrix in bank.form().items()}
    compress.truncate_to_variance(bank, 1.0)
    assert set(bank.ranks.values()) == {None}
    for name, matrix in bank.form().items():
        assert torch.equal(matrix, before[name])
    compress.truncate_to_rank(bank, 1)
    assert set(bank.ranks.values()) == {1}


def test_parameter_target_is_met_and_tight() -> None:
    bank = bank_of("partial", hidden=40, inputs=30)
    target = sum(weight.parameters_stored for _, weight in bank.items()) // 2
    tau = compress.truncate_to_parameters(bank, target)
    size = sum(weight.parameters_stored for _, weight in bank.items())
    assert size <= target
    bigger = bank_of("partial", hidden=40, inputs=30)
    compress.truncate_to_variance(bigger, tau + 0.01)
    assert sum(weight.parameters_stored for _, weight in bigger.items()) > size
    with pytest.raises(ValueError, match="rank 1 everywhere"):
        compress.truncate_to_parameters(bank_of("partial"), 10)


def test_weight_refuses_factors_of_another_shape() -> None:
    weight = compress.Weight(torch.zeros(3, 2))
    with pytest.raises(ValueError, match="do not make"):
        weight.store_factors(torch.zeros(3, 1), torch.zeros(1, 3))
