"""Sparse weights: scores of blocks, exact counts, edges, the engine's order, and least squares."""

import math

import pytest
import torch
from torch import Tensor

from schatten.compress import Matrix, WeightBank, sparsity
from schatten.compress.forms import Masked, MaskedFactors
from schatten.compress.penalty import group_lasso_penalty
from schatten.compress.schedules import CubicRamp, ThresholdRamp


def bank_of(*shapes: tuple[int, int], order: Tensor | None = None) -> WeightBank:
    torch.manual_seed(4)
    return WeightBank(
        [
            Matrix(
                f"layer{index}.{'rec' if index == 0 else 'nonrec'}",
                torch.randn(shape),
                f"input{index}",
                recurrent=index == 0,
                order=order if index == 1 else None,
            )
            for index, shape in enumerate(shapes)
        ],
        "partial",
    )


@pytest.mark.parametrize("block", [(1, 1), (2, 3), (4, 4), (16, 4)])
@pytest.mark.parametrize("norm", ["square", "largest"])
def test_scores_are_those_of_each_block(block: tuple[int, int], norm: sparsity.Norm) -> None:
    torch.manual_seed(1)
    matrix, order = torch.randn(10, 7), torch.randperm(7)
    scores = sparsity.block_scores(matrix, block, order, norm)
    assert scores.shape == (math.ceil(10 / block[0]), math.ceil(7 / block[1]))
    stored = matrix[:, order]
    for tile in range(scores.shape[0]):
        for step in range(scores.shape[1]):
            part = stored[
                tile * block[0] : (tile + 1) * block[0], step * block[1] : (step + 1) * block[1]
            ]
            wanted = part.square().mean() if norm == "square" else part.abs().max()
            torch.testing.assert_close(scores[tile, step], wanted)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.75, 0.9])
@pytest.mark.parametrize("allocation", ["uniform", "global"])
def test_a_sparsity_is_met_exactly_by_the_smallest_blocks(
    share: float, allocation: sparsity.Allocation
) -> None:
    bank = bank_of((32, 8), (16, 24))
    whole = {name: weight().clone() for name, weight in bank.items()}
    kept = sparsity.blocks_at(bank, share, (4, 4), allocation)
    sparsity.set_masks(bank, kept, (4, 4))
    total = {name: one.numel() for name, one in kept.items()}
    left = {name: int(one.sum()) for name, one in kept.items()}
    if allocation == "uniform":
        assert left == {name: round((1 - share) * size) for name, size in total.items()}
    assert sum(left.values()) == pytest.approx((1 - share) * sum(total.values()), abs=1)
    for name, weight in bank.items():
        assert isinstance(weight.form, Masked)
        scores = sparsity.block_scores(whole[name], (4, 4))
        assert left[name]
        if left[name] < total[name]:
            assert scores[kept[name]].min() >= scores[~kept[name]].max()
        mask = weight.masks["dense"]
        assert torch.equal(weight(), torch.where(mask, whole[name], 0.0))
        assert weight.parameters_stored == int(mask.sum()) == 16 * left[name]


def test_layer_adaptive_scores_are_those_of_the_paper() -> None:
    scores = torch.tensor([[4.0, 1.0], [2.0, 2.0]])
    wanted = torch.tensor([[4 / 4, 1 / 9], [2 / 6, 2 / 8]], dtype=torch.float64)
    torch.testing.assert_close(sparsity.layer_adaptive(scores), wanted)


def test_small_weights_do_not_empty_a_matrix() -> None:
    bank = bank_of((16, 16), (16, 16))
    with torch.no_grad():
        bank.weights["layer1_nonrec"].tensors["dense"].mul_(0.001)
    kept = sparsity.blocks_at(bank, 0.75, (1, 1), "global")
    shares = [float(one.float().mean()) for one in kept.values()]
    assert shares == [pytest.approx(0.25, abs=0.05)] * 2


def test_blocks_are_adjacent_in_the_order_of_the_engine() -> None:
    order = torch.arange(8).view(2, 4).T.flatten()  # 0 4 1 5 2 6 3 7
    bank = bank_of((4, 8), (4, 8), order=order)
    kept = {
        "layer0_rec": torch.tensor([[True, False]]),
        "layer1_nonrec": torch.tensor([[True, False]]),
    }
    sparsity.set_masks(bank, kept, (4, 4))
    plain, reordered = (
        weight.masks["dense"][0].nonzero().flatten().tolist() for _, weight in bank.items()
    )
    assert plain == [0, 1, 2, 3]
    assert reordered == [0, 1, 4, 5]


def test_equal_scores_keep_the_first() -> None:
    kept = sparsity.keep_largest(torch.tensor([[1.0, 2.0], [1.0, 1.0]]), 3)
    assert kept.tolist() == [[True, True], [True, False]]


def test_factors_are_pruned_apart_and_stay_factors() -> None:
    bank = bank_of((16, 8))
    ((_, weight),) = bank.items()
    weight.store_factors(torch.randn(16, 4), torch.randn(4, 8))
    u, v = weight.tensors["u"].clone(), weight.tensors["v"].clone()
    sparsity.set_masks(bank, sparsity.blocks_at(bank, 0.5, (2, 2)), (2, 2))
    assert isinstance(weight.form, MaskedFactors) and weight.rank == 4
    masks = weight.masks
    assert masks["u"].float().mean() == masks["v"].float().mean() == 0.5
    torch.testing.assert_close(weight(), (u * masks["u"]) @ (v * masks["v"]))
    assert weight.parameters_stored == 16 * 4 // 2 + 4 * 8 // 2
    left, right = weight.exported()
    assert torch.equal(left, u * masks["u"]) and torch.equal(right, v * masks["v"])


@pytest.mark.parametrize("rank", [None, 3])
def test_a_saved_state_gives_back_masks(rank: int | None) -> None:
    bank, other = bank_of((8, 8)), bank_of((8, 8))
    if rank:
        ((_, weight),) = bank.items()
        weight.store_factors(torch.randn(8, rank), torch.randn(rank, 8))
    sparsity.set_masks(bank, sparsity.blocks_at(bank, 0.5, (1, 2)), (1, 2))
    other.reserve(bank.specs)
    other.load_state_dict(bank.state_dict())
    assert torch.equal(other.form()["layer0.rec"], bank.form()["layer0.rec"])
    assert other.specs == bank.specs
    assert sparsity.sparsities(other) == sparsity.sparsities(bank)


@pytest.mark.parametrize(
    "spec",
    [
        {"form": "masked"},
        {"form": "masked", "block": [0, 1]},
        {"form": "masked_factors", "block": [1, 1]},
    ],
)
def test_a_damaged_form_is_refused(spec: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="stored with"):
        bank_of((4, 4)).reserve({"layer0_rec": spec})


def test_targets_of_entries_and_bytes() -> None:
    bank = bank_of((32, 16), (16, 16))
    assert sparsity.sparsity_for_entries(bank, 192) == 0.75
    share = sparsity.sparsity_for_bytes(bank, 192 + 6 + 4 * 48, (4, 4))
    assert share == 0.75
    sparsity.set_masks(bank, sparsity.blocks_at(bank, share, (4, 4)), (4, 4))
    assert sparsity.int8_bytes(sparsity.prunable(bank)) == 192 + 6 + 4 * 48
    for refused in (0, 32 * 16 + 16 * 16 + 1):
        with pytest.raises(ValueError, match="give another number"):
            sparsity.sparsity_for_entries(bank, refused)
    with pytest.raises(ValueError, match="hold no weight"):
        sparsity.sparsity_for_bytes(bank, 100, (1, 1))
    with pytest.raises(ValueError, match="nothing would be pruned"):
        sparsity.sparsity_for_bytes(bank, 100_000, (1, 1))
    with pytest.raises(ValueError, match="give 0 to 1"):
        sparsity.blocks_at(bank, 1.0, (1, 1))


def test_a_refit_is_the_least_squares_solution() -> None:
    torch.manual_seed(3)
    inputs = torch.randn(200, 8, dtype=torch.float64) @ torch.randn(8, 8, dtype=torch.float64)
    matrix = torch.randn(6, 8, dtype=torch.float64)
    mask = torch.rand(6, 8) > 0.5
    mask[4] = False
    mask[5] = mask[0]
    fitted = sparsity.refit(matrix, mask, inputs.T @ inputs / len(inputs))
    assert torch.equal(fitted != 0, mask)
    for row in range(6):
        if mask[row].any():
            solved = torch.linalg.lstsq(inputs[:, mask[row]], inputs @ matrix[row]).solution
            torch.testing.assert_close(fitted[row, mask[row]], solved, rtol=1e-3, atol=1e-4)

    def error(values: Tensor) -> float:
        return float(((values - matrix) @ inputs.T).square().sum())

    assert error(fitted) < error(matrix * mask)


def test_group_lasso_against_its_formula_and_its_gradient_at_zero() -> None:
    bank = bank_of((4, 6), (4, 4))
    weights = [weight.tensors["dense"] for _, weight in bank.items()]
    wanted = 0.5 * weights[0].abs().sum() + 0.25 * weights[1].abs().sum()
    torch.testing.assert_close(group_lasso_penalty(bank, 0.5, 0.25), wanted)
    blocks = (
        2.0 * 0.5 * sum(weights[0][i : i + 2, j : j + 2].norm() for i in (0, 2) for j in (0, 2, 4))
    )
    torch.testing.assert_close(group_lasso_penalty(bank, 0.5, 0.0, (2, 2)), blocks)
    with torch.no_grad():
        weights[0].zero_()
    group_lasso_penalty(bank, 0.5, 0.25, (2, 2)).backward()
    assert torch.equal(weights[0].grad, torch.zeros(4, 6))


def test_the_cubic_ramp_ends_exactly_at_its_target() -> None:
    ramp = CubicRamp(0.9, 10, 47, 5)
    values = {step: ramp(step) for step in range(60)}
    due = [step for step, share in values.items() if share is not None]
    assert due == [10, 15, 20, 25, 30, 35, 40, 45, 47]
    assert values[10] == 0 and values[47] == 0.9
    assert values[25] == pytest.approx(0.9 * (1 - (1 - 15 / 37) ** 3))
    shares = [values[step] for step in due]
    assert shares == sorted(shares)


def test_thresholds_rise_as_in_algorithm_1() -> None:
    ramp = ThresholdRamp(q=0.2, start=100, ramp=200, end=400, every=10, slope_ratio=2.0)
    theta = 2 * 0.2 * 10 / (2 * 100 + 3 * 200)
    assert ramp(100) is None and ramp(400) is None and ramp(105) is None
    assert ramp(150) == pytest.approx(theta * 51 / 10)
    assert ramp(300) == pytest.approx((theta * 101 + 2 * theta * 101) / 10)
    assert ramp.last == ramp(390) == pytest.approx((theta * 101 + 2 * theta * 191) / 10)
    magnitudes = torch.linspace(0, 1, 1001)
    assert ramp.predicted(magnitudes) == pytest.approx(ramp.last, abs=2e-3)


@pytest.mark.parametrize(
    ("start", "middle", "end"), [(0, 10, 1000), (293, 586, 1172), (50, 60, 61)]
)
def test_with_the_ratio_of_the_paper_the_last_threshold_is_about_q(
    start: int, middle: int, end: int
) -> None:
    """The closed form q (2a + 2 (phi/theta) b) / (2a + 3b) is q for phi = 1.5 theta."""
    ramp = ThresholdRamp(0.1, start, middle, end, 1, 1.5)
    assert ramp.last == pytest.approx(0.1, rel=0.1)
    twice = ThresholdRamp(0.1, start, middle, end, 1, 2.0)
    a, b = middle - start, end - middle
    assert twice.last == pytest.approx(0.1 * (2 * a + 4 * b) / (2 * a + 3 * b), rel=0.1)
