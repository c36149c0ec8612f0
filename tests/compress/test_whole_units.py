"""Whole units: scores, the order of removal, the penalty, and torch's own GRU and LSTM."""

import pytest
import torch
from torch import Tensor, nn

from schatten import compress
from schatten.compress.units import (
    UnitGroup,
    fewest_removed,
    removal_order,
    sizes_left,
    unit_norms,
    units_left,
)

GROUP = UnitGroup("l", 3, {"in": 2, "rec": 2}, ("rec", "out"))


def matrices() -> dict[str, Tensor]:
    torch.manual_seed(1)
    return {name: torch.randn(m, n) for name, m, n in (("in", 6, 4), ("rec", 6, 3), ("out", 5, 3))}


def test_a_unit_is_its_rows_of_all_gates_and_its_columns() -> None:
    values = matrices()
    for unit in range(3):
        rows = [values[name][[unit, 3 + unit]].flatten() for name in ("in", "rec")]
        columns = [values[name][:, unit] for name in ("rec", "out")]
        weights = torch.cat([*rows, *columns])
        expected = len(weights) ** 0.5 * weights.norm()
        assert torch.allclose(unit_norms(GROUP, values)[unit], expected)
    penalty = compress.unit_lasso_penalty([GROUP], values, 0.5)
    assert torch.allclose(penalty, 0.5 * unit_norms(GROUP, values).sum())


def test_the_penalty_of_units_of_zeros_has_a_gradient() -> None:
    values = {name: torch.zeros_like(one, requires_grad=True) for name, one in matrices().items()}
    compress.unit_lasso_penalty([GROUP], values, 1.0).backward()
    assert all(one.grad is not None and not one.grad.any() for one in values.values())


def test_scores_by_what_readers_are_given_need_its_squares() -> None:
    values = matrices()
    squares = {"rec": torch.tensor([1.0, 2.0, 0.0]), "out": torch.tensor([0.0, 1.0, 3.0])}
    found = compress.unit_scores([GROUP], values, "activations", squares)["l"]
    rec, out = values["rec"].square().sum(0), values["out"].square().sum(0)
    assert torch.allclose(found.float(), squares["rec"] * rec + squares["out"] * out)
    with pytest.raises(ValueError, match="no mean square was given of what rec multiplies"):
        compress.unit_scores([GROUP], values, "activations")
    found = compress.unit_scores([GROUP], values, "magnitude")["l"]
    incoming = torch.cat([values["in"][[0, 3]].flatten(), values["rec"][[0, 3]].flatten()])
    assert float(found[0]) == pytest.approx(float(incoming.abs().mean()))


def test_the_worst_units_go_first_and_the_best_stays() -> None:
    scores = {"a": torch.tensor([3.0, 1.0, 2.0, 4.0]), "b": torch.tensor([0.1, 0.2])}
    assert removal_order(scores) == [("a", 1), ("a", 2), ("b", 0), ("a", 0)]
    assert set(removal_order(scores, "global")) == set(removal_order(scores))
    groups = [UnitGroup("a", 4, {"x": 1}, ()), UnitGroup("b", 2, {"y": 1}, ("x",))]
    left = units_left(groups, [("a", 1), ("b", 0)])
    assert {name: units.tolist() for name, units in left.items()} == {"a": [0, 2, 3], "b": [1]}
    shapes = {"x": (4, 2), "y": (2, 7)}
    assert sizes_left(groups, shapes, {"a": 3, "b": 1}) == {"x": (3, 1), "y": (1, 7)}


def test_no_more_units_go_than_a_size_needs() -> None:
    groups = [UnitGroup("a", 4, {}, ()), UnitGroup("b", 2, {}, ())]
    order = [("a", 1), ("b", 0), ("a", 2)]

    def size(left: dict[str, int]) -> int:
        return 10 * left["a"] + left["b"]

    assert [fewest_removed(groups, order, size, most) for most in (42, 41, 32, 31, 21)] == [
        0,
        1,
        1,
        2,
        3,
    ]
    with pytest.raises(ValueError, match="one unit of each layer is 21 already"):
        fewest_removed(groups, order, size, 20)


@pytest.mark.parametrize("kind", [nn.GRU, nn.LSTM])
@pytest.mark.parametrize("bias", [False, True])
def test_units_of_zeros_leave_torchs_layers_as_they_are(
    kind: type[nn.GRU | nn.LSTM], bias: bool
) -> None:
    torch.manual_seed(0)
    rnn, reader = kind(4, 6, 2, batch_first=True, bias=bias), nn.Linear(6, 3)
    gone = torch.tensor([1, 4])
    with torch.no_grad():
        for name, one in rnn.named_parameters():
            one.unflatten(0, (-1, 6))[:, gone] = 0
            if name.startswith("weight") and not name.endswith("ih_l0"):
                one[:, gone] = 0
        reader.weight[:, gone] = 0
    small, top = compress.remove_rnn_units(rnn, reader, 4)
    x = torch.randn(2, 7, 4)
    assert torch.allclose(top(small(x)[0]), reader(rnn(x)[0]), atol=1e-6)
    assert small.hidden_size == 4 and rnn.hidden_size == 6
    squares = {name: torch.ones(6) for name in ("weight_hh_l0", "weight_ih_l1", "weight_hh_l1")}
    squares[compress.READER] = torch.ones(6)
    again, _ = compress.remove_rnn_units(rnn, reader, 4, "activations", squares)
    assert torch.equal(again.weight_hh_l1, small.weight_hh_l1)


def test_layers_that_cannot_lose_units_say_why() -> None:
    for rnn in (nn.GRU(4, 6, bidirectional=True), nn.LSTM(4, 6, proj_size=2)):
        with pytest.raises(ValueError, match="layers of one direction, without proj_size"):
            compress.remove_rnn_units(rnn, nn.Linear(6, 2), 3)
    with pytest.raises(ValueError, match="6 units are to be left of 6: give fewer"):
        compress.remove_rnn_units(nn.GRU(4, 6), nn.Linear(6, 2), 6)
