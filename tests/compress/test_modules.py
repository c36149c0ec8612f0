"""Torch's own GRUs and LSTMs, compressed: the same outputs, and the example of the docs."""

import runpy

import pytest
import torch
from project import ROOT
from torch import nn

from schatten import compress
from schatten.compress import LowRankRnn, Matrix, WeightBank


def rnn_of(kind: type[nn.RNNBase], **options) -> nn.RNNBase:
    torch.manual_seed(1)
    return kind(12, 12, num_layers=2, batch_first=True, **options)


@pytest.mark.parametrize("factorization", ["partial", "split", "joint", "six"])
@pytest.mark.parametrize("kind", [nn.GRU, nn.LSTM])
def test_a_compressed_layer_is_the_layer_until_it_is_truncated(kind, factorization: str) -> None:
    rnn, inputs = rnn_of(kind), torch.randn(3, 9, 12)
    expected, state = rnn(inputs)
    small = LowRankRnn(rnn, factorization)
    assert small.parameters_stored == sum(one.numel() for one in rnn.parameters())
    compress.factor_fully(small.bank)
    outputs, found = small(inputs, None)
    assert torch.allclose(outputs, expected, atol=1e-5)
    for one, other in zip(torch.atleast_3d(state), torch.atleast_3d(found), strict=True):
        assert torch.allclose(one, other, atol=1e-5)
    compress.truncate_to_rank(small.bank, 3)
    small(inputs)[0].square().sum().backward()
    assert all(weight.u.grad.abs().sum() > 0 for _, weight in small.bank.items())
    assert torch.equal(rnn(inputs)[0], expected)


def test_six_in_one_and_joint_need_inputs_of_one_width() -> None:
    with pytest.raises(ValueError, match=r"six joins .* weight_ih_l0 has 5, weight_hh_l0 has 12"):
        LowRankRnn(nn.GRU(5, 12), "six")
    assert len(dict(LowRankRnn(nn.GRU(12, 12, 3), "six").bank.items())) == 3
    assert len(dict(LowRankRnn(nn.GRU(5, 12, 3), "joint").bank.items())) == 4
    matrices = [Matrix("a.rec", torch.zeros(4, 2), "h"), Matrix("b.nonrec", torch.zeros(4, 3), "h")]
    with pytest.raises(ValueError, match="joint joins matrices with inputs of one width"):
        WeightBank(matrices, "joint")


def test_both_ways_of_a_bidirectional_layer_are_kept_apart() -> None:
    rnn, inputs = rnn_of(nn.GRU, bidirectional=True), torch.randn(3, 9, 12)
    for factorization in ("partial", "joint"):
        small = LowRankRnn(rnn, factorization)
        compress.factor_fully(small.bank)
        assert torch.allclose(small(inputs)[0], rnn(inputs)[0], atol=1e-5)


def test_a_projected_lstm_is_nearly_the_lstm_where_hardly_anything_is_cut() -> None:
    lstm, reader, inputs = rnn_of(nn.LSTM), nn.Linear(12, 4), torch.randn(3, 9, 12)
    with torch.no_grad():  # recurrent matrices of rank 6: nothing of them is lost
        for name in ("weight_hh_l0", "weight_hh_l1"):
            u, v = compress.factor(getattr(lstm, name), 6)
            getattr(lstm, name).copy_(u @ v)
        basis = torch.linalg.svd(lstm.weight_hh_l0, full_matrices=False).Vh[:6]
        lstm.weight_ih_l1.copy_(lstm.weight_ih_l1 @ basis.T @ basis)
        basis = torch.linalg.svd(lstm.weight_hh_l1, full_matrices=False).Vh[:6]
        reader.weight.copy_(reader.weight @ basis.T @ basis)
    small, top = compress.project_lstm(lstm, reader, 6)
    assert small.proj_size == 6
    assert torch.allclose(top(small(inputs)[0]), reader(lstm(inputs)[0]), atol=1e-5)
    with pytest.raises(ValueError, match="more than 12 cells"):
        compress.project_lstm(lstm, reader, 12)


@pytest.mark.parametrize("kind", [nn.GRU, nn.LSTM])
def test_each_call_that_the_layer_takes_is_taken(kind) -> None:
    for batch_first in (False, True):
        rnn = kind(5, 7, 2, batch_first=batch_first, bidirectional=True)
        small, inputs = LowRankRnn(rnn), torch.randn(4, 3, 5)
        size = 4 if batch_first else 3
        zeros = torch.randn(4, size, 7)
        hx = zeros if kind is nn.GRU else (zeros, torch.randn(4, size, 7))
        one = zeros[:, 0] if kind is nn.GRU else (zeros[:, 0], hx[1][:, 0])
        packed = (
            nn.utils.rnn.pack_padded_sequence(
                inputs,
                [1, 4, 2][:size] + [4] * (size - 3),
                enforce_sorted=False,
                batch_first=batch_first,
            )
            if not batch_first
            else nn.utils.rnn.pack_sequence(
                [torch.randn(n, 5) for n in (2, 4, 1, 3)], enforce_sorted=False
            )
        )
        for arguments in ((inputs, hx), (inputs[0],), (inputs[0], one), (packed,), (packed, hx)):
            found, expected = small(*arguments), rnn(*arguments)
            torch.testing.assert_close(found[0], expected[0])
            torch.testing.assert_close(found[1], expected[1])
        assert (small.hidden_size, small.num_layers, small.bidirectional) == (7, 2, True)
        with pytest.raises(ValueError, match="2 dimensions or 3, not 1"):
            small(torch.zeros(5))
        with pytest.raises(AttributeError, match="no attribute 'hidden'"):
            small.hidden  # noqa: B018


@pytest.mark.parametrize("kind", [nn.GRU, nn.LSTM])
def test_a_state_says_its_ranks_and_a_plain_layer_comes_back(kind) -> None:
    rnn, inputs = rnn_of(kind, bidirectional=True), torch.randn(3, 9, 12)
    for factorization in ("partial", "split", "joint"):
        small = LowRankRnn(rnn, factorization)
        compress.truncate_to_budget(small.bank, small.bank.parameters_stored // 3)
        again = LowRankRnn(kind(12, 12, 2, batch_first=True, bidirectional=True), factorization)
        again.load_state_dict(small.state_dict())
        assert again.bank.ranks == small.bank.ranks
        torch.testing.assert_close(again(inputs)[0], small(inputs)[0])
        plain = small.to_torch()
        assert type(plain) is kind
        torch.testing.assert_close(plain(inputs)[0], small(inputs)[0])


@pytest.mark.parametrize("factorization", ["partial", "joint"])
def test_a_layer_of_another_type_of_numbers_keeps_it(factorization: str) -> None:
    rnn, inputs = rnn_of(nn.GRU).double(), torch.randn(3, 9, 12).double()
    small = LowRankRnn(rnn, factorization)
    compress.factor_fully(small.bank)
    assert torch.allclose(small(inputs)[0], rnn(inputs)[0], atol=1e-12)
    compress.truncate_to_budget(small.bank, 500)
    assert {one.dtype for one in small.parameters()} == {torch.float64}
    with pytest.raises(ValueError, match="rank 0 keeps nothing"):
        compress.truncate_to_rank(small.bank, 0)
    lstm, reader = rnn_of(nn.LSTM).double(), nn.Linear(12, 4).double()
    for projected in compress.project_lstm(lstm, reader, 6):
        assert {one.dtype for one in projected.parameters()} == {torch.float64}


def test_a_layer_without_values_is_compressed_where_it_is() -> None:
    """Parameters on torch's `meta` device stand for any other than the CPU's."""
    with torch.device("meta"):
        rnn = nn.GRU(12, 12, num_layers=2)
    small = LowRankRnn(rnn)
    for _, weight in small.bank.items():
        weight.reserve_rank(3)
    assert {one.device.type for one in small.parameters()} == {"meta"}


@pytest.mark.parametrize("kind", [nn.GRU, nn.LSTM])
def test_what_each_weight_of_a_layer_multiplies_can_be_measured(kind) -> None:
    """The layers below are run by themselves: both ways, and packed sequences, as torch does."""
    rnn = rnn_of(kind, bidirectional=True)
    small, inputs, lengths = LowRankRnn(rnn), torch.randn(2, 9, 12), [9, 5]
    packed = nn.utils.rnn.pack_padded_sequence(inputs, lengths, batch_first=True)
    moments = small.input_moments([packed])
    assert set(moments) == {name for name, _ in rnn.named_parameters() if "weight" in name}
    first = kind(12, 12, batch_first=True, bidirectional=True)
    first.load_state_dict({n: v for n, v in rnn.state_dict().items() if "_l0" in n})
    below = [first(one[None, :length])[0][0] for one, length in zip(inputs, lengths, strict=True)]
    above = [rnn(one[None, :length])[0][0] for one, length in zip(inputs, lengths, strict=True)]
    for name, seen in (
        ("weight_ih_l0", packed.data),
        ("weight_ih_l1_reverse", torch.cat(below)),
        ("weight_hh_l0_reverse", torch.cat(below)[:, 12:]),
        ("weight_hh_l1", torch.cat(above)[:, :12]),
    ):
        expected = (seen.T @ seen / len(seen)).double()
        torch.testing.assert_close(moments[name], expected, atol=1e-5, rtol=1e-4)


def test_a_layer_cut_by_its_inputs_stays_closer_to_itself() -> None:
    rnn = nn.GRU(12, 24, num_layers=2)
    inputs = torch.randn(40, 8, 3) @ torch.randn(3, 12) + 0.1 * torch.randn(40, 8, 12)
    expected = rnn(inputs)[0]
    errors = []
    for weigh in (False, True):
        small = LowRankRnn(rnn)
        moments = small.input_moments([inputs]) if weigh else None
        compress.truncate_to_rank(small.bank, 4, moments)
        errors.append(float((small(inputs)[0] - expected).square().mean().detach()))
    assert errors[1] < 0.5 * errors[0]
    with pytest.raises(ValueError, match="no batch was given"):
        LowRankRnn(rnn).input_moments([])
    with pytest.raises(ValueError, match="no moment was given of what weight_hh_l0 multiplies"):
        compress.truncate_to_rank(
            LowRankRnn(rnn).bank, 4, {"weight_ih_l0": torch.eye(12, dtype=torch.float64)}
        )


def run_example(name: str) -> None:
    """Run an example that stands whole in the docs; it sets the threads of torch."""
    path = ROOT / f"examples/{name}.py"
    assert path.read_text() in (ROOT / "docs/compress.md").read_text()
    threads = torch.get_num_threads()
    try:
        runpy.run_path(str(path))
    finally:
        torch.set_num_threads(threads)


def test_the_example_of_the_docs_runs_and_compresses(capsys: pytest.CaptureFixture) -> None:
    run_example("compress_a_gru")
    before, _, after = capsys.readouterr().out.splitlines()
    errors = [float(line.rpartition(" ")[2]) for line in (before, after)]
    assert errors[1] < 2 * errors[0]
    assert "ranks {" in after
    numbers = [int(line.split(" numbers")[0].rpartition(" ")[2]) for line in (before, after)]
    assert numbers[1] < 0.25 * numbers[0]


def test_the_example_of_pruning_runs_and_prunes(capsys: pytest.CaptureFixture) -> None:
    run_example("prune_a_gru")
    before, after = capsys.readouterr().out.splitlines()
    assert int(after.split(" numbers")[0]) < 0.28 * int(before.split(" numbers")[0].split()[-1])
    assert float(after.split()[-1]) < 3 * float(before.split()[-1])


def test_the_example_of_units_runs_and_shrinks(capsys: pytest.CaptureFixture) -> None:
    run_example("shrink_a_gru")
    before, _, after = capsys.readouterr().out.splitlines()
    numbers = [int(line.split(" numbers")[0].split()[-1]) for line in (before, after)]
    assert numbers[1] < 0.11 * numbers[0]
    assert float(after.split()[-1]) < 3 * float(before.split()[-1])


def test_all_that_is_named_is_there() -> None:
    assert all(hasattr(compress, name) for name in compress.__all__)
