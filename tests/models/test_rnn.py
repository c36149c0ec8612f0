"""The plain recurrent layer: values and gradients of torch's own operations, on valid frames."""

import pytest
import torch
from small_models import deep_speech_2, make, plain
from torch import Tensor
from torch.nn import functional

from schatten.models.packing import Packing
from schatten.models.rnn import CLIP, run_rnn

LENGTHS = [[9, 9, 9], [4, 9, 6], [1, 0, 9]]


def by_torch(x: Tensor, lengths: list[int], nonrec: Tensor, rec: Tensor, bias: Tensor) -> Tensor:
    """Return the states (N, T, H) of x (N, T, C), zero after each utterance's last frame."""
    rows = []
    for one, length in zip(x, lengths, strict=True):
        state, states = x.new_zeros(len(bias)), []
        for frame in one[:length]:
            state = functional.hardtanh(nonrec @ frame + rec @ state + bias, 0.0, CLIP)
            states.append(state)
        states += [torch.zeros_like(state)] * (len(one) - length)
        rows.append(torch.stack(states))
    return torch.stack(rows)


@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("factored", [False, True])
def test_values_and_gradients_are_those_of_the_formula(lengths: list[int], factored: bool) -> None:
    torch.manual_seed(0)
    hidden, inputs, rank = 7, 5, 3
    shapes = (3, 9, inputs), (hidden, inputs), (hidden, rank), (rank, hidden), (hidden,)
    taken = [torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in shapes]
    x, nonrec, u, v, bias = taken
    x = x * 3  # so that some states are at the upper bound
    packing = Packing(torch.tensor(lengths), 9)
    expected = packing.pack(by_torch(x, lengths, nonrec, u @ v, bias))
    rec, right = (u, v) if factored else (u @ v, None)
    found = run_rnn(packing.pack(x), packing, nonrec, rec, bias, right)
    assert torch.allclose(found, expected, atol=1e-10)
    assert (found == 0).any() and (found == CLIP).any()
    wanted = torch.randn(hidden, sum(lengths), dtype=torch.float64).t()  # not contiguous
    both = [
        torch.autograd.grad((one * wanted).sum(), taken, retain_graph=True)
        for one in (found, expected)
    ]
    for own, torchs in zip(*both, strict=True):
        assert torch.allclose(own, torchs, atol=1e-8)


def test_mixed_precision_computes_in_fp32() -> None:
    torch.manual_seed(0)
    packing = Packing(torch.tensor([5, 3]), 5)
    x, nonrec, rec = torch.randn(8, 4), torch.randn(6, 4), torch.randn(6, 6) / 6
    bias = torch.zeros(6)
    expected = run_rnn(x, packing, nonrec, rec, bias)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(run_rnn(x, packing, nonrec, rec, bias), expected)


def test_a_key_at_its_default_is_not_written() -> None:
    assert "recurrent" not in deep_speech_2().model_dump(mode="json")
    assert plain().model_dump(mode="json")["recurrent"] == "rnn"


def test_a_model_names_its_matrices_and_has_a_third_of_a_gru_s_weights() -> None:
    model, gru = make(plain()), make(deep_speech_2())
    assert list(model.bank.ranks) == [
        "rnn0_nonrec",
        "rnn0_rec",
        "rnn1_nonrec",
        "rnn1_rec",
        "fc_nonrec",
    ]
    fc = 18 * 20
    assert 3 * (model.bank.parameters_stored - fc) == gru.bank.parameters_stored - fc
