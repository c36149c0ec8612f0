"""Forms of a weight: what they store, what they say of it, and that one class makes another."""

import pytest
import torch
from torch import Tensor

from schatten.compress import Dense, Factored, Matrix, Weight, WeightBank, forms
from schatten.compress.forms import Form, form_of


def weight_of(spec: forms.Spec) -> Weight:
    torch.manual_seed(2)
    weight = Weight(torch.zeros(4, 3), recurrent=True)
    weight.reserve(spec)
    for parameter in weight.parameters():
        torch.nn.init.normal_(parameter)
    return weight


@pytest.mark.parametrize(
    ("spec", "form", "stored"), [(None, Dense, {"dense"}), (2, Factored, {"u", "v"})]
)
def test_a_form_is_what_its_spec_says(spec: forms.Spec, form: type[Form], stored: set[str]) -> None:
    weight = weight_of(spec)
    assert type(weight.form) is form
    assert weight.form.spec == spec
    assert weight.tensors.keys() == weight.state_dict().keys() == stored
    assert weight.parameters_stored == sum(one.numel() for one in weight.parameters())
    product = torch.linalg.multi_dot([*weight.exported(), torch.eye(3)])
    torch.testing.assert_close(product, weight())
    assert weight.rank == spec
    assert weight.is_factored == (spec is not None)


def test_parameters_of_another_form_are_none() -> None:
    weight = weight_of(None)
    assert weight.dense is weight() and (weight.u, weight.v) == (None, None)
    weight.store_factors(torch.ones(4, 1), torch.ones(1, 3))
    assert weight.dense is None
    assert torch.equal(weight.u @ weight.v, torch.ones(4, 3))
    weight.store_dense()
    assert torch.equal(weight.dense, torch.ones(4, 3))
    assert (weight.u, weight.v) == (None, None)


def test_a_dense_weight_that_stays_dense_keeps_its_parameter() -> None:
    weight = weight_of(None)
    before = weight.dense
    weight.store_dense()
    weight.fill(torch.ones(4, 3))
    assert weight.dense is before
    assert torch.equal(before, torch.ones(4, 3))


def test_factors_do_not_take_any_values() -> None:
    with pytest.raises(ValueError, match="a factored weight cannot take the values"):
        weight_of(2).fill(torch.ones(4, 3))


def test_a_weight_on_half_precision_reserves_the_same() -> None:
    weight = Weight(torch.zeros(4, 3, dtype=torch.float16))
    weight.reserve(2)
    assert {one.dtype for one in weight.parameters()} == {torch.float16}


@pytest.mark.parametrize("spec", [{"form": "folded"}, {}, {"form": "factored"}])
def test_an_unknown_form_is_refused(spec: forms.Spec) -> None:
    with pytest.raises(ValueError, match=r"does not know|stored as their rank"):
        form_of((4, 3), spec)


class Signed(Form):
    """A matrix of one size and many signs: a parameter and a buffer."""

    name = "signed"

    @classmethod
    def from_spec(cls, shape: tuple[int, int], spec: forms.Spec) -> "Signed":
        return cls(shape)

    @property
    def spec(self) -> forms.Spec:
        return {"form": "signed"}

    def empty(self, like: Tensor) -> dict[str, Tensor]:
        zeros = like.new_zeros(self.shape, dtype=torch.bool)
        return {"size": like.new_zeros(1), "is_negative": zeros}

    def matrix(self, tensors: forms.Tensors) -> Tensor:
        return torch.where(tensors["is_negative"], -tensors["size"], tensors["size"])

    def count(self, tensors: forms.Tensors) -> int:
        return 1

    def exported(self, tensors: forms.Tensors) -> list[Tensor]:
        return [self.matrix(tensors)]


def test_one_class_is_all_that_another_form_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(forms._NAMED, "signed", Signed)

    def bank() -> WeightBank:
        return WeightBank([Matrix("a", torch.zeros(2, 3), "x")], "partial")

    first, second = bank(), bank()
    [(_, weight)] = first.items()
    signs = torch.tensor([[True, False, True], [False, False, True]])
    weight.store(Signed(weight.shape), {"size": torch.tensor([2.0]), "is_negative": signs})
    assert (first.ranks, first.specs) == ({"a": None}, {"a": {"form": "signed"}})
    assert first.parameters_stored == 1
    first.form()["a"].sum().backward()
    assert weight.size.grad.item() == 0.0
    second.reserve(first.specs)
    second.load_state_dict(first.state_dict())
    assert torch.equal(second.form()["a"], torch.tensor([[-2.0, 2.0, -2.0], [2.0, 2.0, -2.0]]))
    weight.store_dense()
    assert (first.specs, list(first.state_dict())) == ({"a": None}, ["weights.a.dense"])
