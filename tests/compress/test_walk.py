"""Whole models of torch that are not ours, compressed: what is replaced, how far, and back."""

import pytest
import torch
from torch import Tensor, nn

from schatten import compress
from schatten.compress import LowRankConv, LowRankLinear, LowRankRnn, size_of


class Tagger(nn.Module):
    """Convolutions, recurrent layers and a readout, as many speech models have."""

    def __init__(self) -> None:
        super().__init__()
        self.front = nn.Sequential(
            nn.Conv2d(1, 8, (5, 3), stride=(2, 1), padding=(2, 1)), nn.BatchNorm2d(8), nn.ReLU()
        )
        self.mix = nn.Conv1d(8 * 10, 48, 3, padding="same", padding_mode="replicate", dilation=2)
        self.depth = nn.Conv1d(48, 48, 3, padding=1, groups=48)
        self.gru = nn.GRU(48, 32, 2, batch_first=True, bidirectional=True)
        self.lstm = nn.LSTM(input_size=2 * self.gru.hidden_size, hidden_size=40, batch_first=True)
        self.head = nn.Linear(40, 12)

    def forward(self, sound: Tensor) -> Tensor:
        self.gru.flatten_parameters()
        seen = self.front(sound[:, None]).flatten(1, 2)
        seen = self.depth(self.mix(seen)).transpose(1, 2)
        return self.head(self.lstm(self.gru(seen)[0], hx=None)[0])


def tagger() -> tuple[Tagger, Tensor]:
    torch.manual_seed(3)
    return Tagger().eval(), torch.randn(2, 20, 30)


def transformer() -> tuple[nn.Module, Tensor]:
    torch.manual_seed(3)
    layer = nn.TransformerEncoderLayer(32, 4, 256, batch_first=True)
    return nn.TransformerEncoder(layer, 2, enable_nested_tensor=False).eval(), torch.randn(2, 9, 32)


MODELS = {"tagger": tagger, "transformer": transformer}


@pytest.mark.parametrize("made", MODELS.values(), ids=MODELS)
def test_a_model_computes_the_same_until_it_is_truncated(made) -> None:
    model, inputs = made()
    expected, before = model(inputs), {k: v.clone() for k, v in model.state_dict().items()}
    small = compress.low_rank(model)
    assert type(small) is type(model) and size_of(small) == size_of(model)
    torch.testing.assert_close(small(inputs), expected)
    compress.factor_fully(compress.bank_of(small))
    torch.testing.assert_close(small(inputs), expected, atol=1e-4, rtol=1e-4)
    compress.truncate_to_rank(compress.bank_of(small), 4)
    plain = compress.to_torch(small, multiply_out=isinstance(model, nn.TransformerEncoder))
    assert not any("compress" in type(one).__module__ for one in plain.modules())
    torch.testing.assert_close(plain(inputs), small(inputs), atol=1e-5, rtol=1e-5)
    assert (small(inputs) - expected).abs().max() > 1e-3
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


def test_each_kind_of_layer_is_found_and_the_others_stay() -> None:
    small = compress.compress(tagger()[0], rank=3)
    kinds = {name: type(layer) for name, layer in compress.layers_of(small)}
    assert kinds == {
        "front.0": LowRankConv,
        "mix": LowRankConv,
        "gru": LowRankRnn,
        "lstm": LowRankRnn,
        "head": LowRankLinear,
    }
    assert type(small.depth) is nn.Conv1d
    assert set(compress.bank_of(small).ranks.values()) == {3}


@pytest.mark.parametrize("made", MODELS.values(), ids=MODELS)
def test_budgets_hold_for_the_whole_model_and_are_used(made) -> None:
    model, _ = made()
    parameters, size = size_of(model)
    half, _ = size_of(compress.compress(model, parameters=parameters // 2))
    assert 0.97 * (parameters // 2) < half <= parameters // 2
    model = model.half()
    _, small = size_of(compress.compress(model, bytes=size // 4))
    assert 0.97 * (size // 4) < small <= size // 4
    with pytest.raises(ValueError, match=r"100 parameters are too few: .* rank 1 everywhere"):
        compress.compress(model, parameters=100)


def test_a_state_is_loaded_without_being_told_ranks() -> None:
    model, inputs = tagger()
    small = compress.compress(model, tau=0.7)
    assert any(compress.bank_of(small).ranks.values())
    again = compress.low_rank(Tagger().eval())
    again.load_state_dict(small.state_dict())
    assert compress.bank_of(again).ranks == compress.bank_of(small).ranks
    torch.testing.assert_close(again(inputs), small(inputs))
    again.load_state_dict(compress.low_rank(model).state_dict())
    torch.testing.assert_close(again(inputs), model(inputs))
    masked = compress.low_rank(nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 3)))
    bank = compress.bank_of(masked)
    compress.truncate(bank, {"0_weight": 2, "1_weight": 99})
    compress.set_masks(bank, compress.blocks_at(bank, 0.5, (1, 1)), (1, 1))
    fresh = compress.low_rank(nn.Sequential(nn.Linear(8, 8), nn.Linear(8, 3)))
    fresh.load_state_dict(masked.state_dict())
    assert compress.bank_of(fresh).specs == bank.specs
    with pytest.raises(RuntimeError, match=r"0\.bank"):
        compress.low_rank(nn.Sequential(nn.Linear(9, 8), nn.Linear(8, 3))).load_state_dict(
            masked.state_dict()
        )


def test_a_plain_state_is_loaded_into_linear_layers_and_convolutions() -> None:
    plain = nn.Sequential(nn.Conv1d(4, 6, 3), nn.Linear(5, 3))
    small = compress.low_rank(nn.Sequential(nn.Conv1d(4, 6, 3), nn.Linear(5, 3)))
    small.load_state_dict(plain.state_dict())
    inputs = torch.randn(2, 4, 7)
    assert torch.equal(small(inputs), plain(inputs))
    assert "0.weight" in plain.state_dict()


def test_inputs_make_what_is_lost_less() -> None:
    torch.manual_seed(1)
    model = nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.Flatten(2), nn.Linear(64, 32)
    )
    smooth = torch.randn(16, 3, 2, 2).repeat_interleave(4, 2).repeat_interleave(4, 3)
    batches = [smooth + 0.05 * torch.randn_like(smooth) for _ in range(4)]
    errors = []
    for inputs in (None, batches[:3]):
        small = compress.compress(model.train(), rank=4, inputs=inputs)
        assert all(one.training for one in small.modules())
        errors.append(float((small(batches[3]) - model(batches[3])).square().mean().detach()))
    assert errors[1] < 0.5 * errors[0]
    with pytest.raises(ValueError, match="no input reached 0"):
        compress.compress(model, rank=4, inputs=[])


def test_moments_of_a_convolution_are_of_its_patches() -> None:
    for conv in (
        nn.Conv1d(3, 5, 4, stride=2, padding=3, dilation=2, padding_mode="reflect"),
        nn.Conv1d(3, 5, 3, padding="same"),
    ):
        small, inputs = compress.low_rank(conv), torch.randn(2, 3, 11)
        moment = compress.input_moments(small, [inputs])["weight"]
        w = conv.weight.flatten(1).double()
        outputs = (conv(inputs) - conv.bias[:, None]).transpose(1, 2).flatten(0, 1).double()
        expected = outputs.T @ outputs / len(outputs)
        torch.testing.assert_close(w @ moment @ w.T, expected, atol=1e-5, rtol=1e-4)


def test_what_cannot_be_replaced_stays() -> None:
    class Tied(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.words, self.out = nn.Embedding(20, 8), nn.Linear(8, 20, bias=False)
            self.out.weight = self.words.weight
            self.normed = nn.utils.parametrizations.weight_norm(nn.Linear(8, 8))
            self.hooked, self.free, self.kept = nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 8)
            self.hooked.register_forward_hook(lambda *_: None)
            self.again = self.free
            self.projected = nn.LSTM(8, 8, proj_size=4)

    small = compress.low_rank(Tied(), skip=["kept"])
    assert [name for name, _ in compress.layers_of(small)] == ["free"]
    assert small.again is small.free and small.out.weight is small.words.weight
    with pytest.raises(ValueError, match="no part 'keep'"):
        compress.low_rank(Tied(), skip=["keep"])
    with pytest.raises(ValueError, match="has no Linear, Conv1d"):
        compress.compress(nn.ReLU(), rank=1)
    with pytest.raises(ValueError, match="give one of tau, rank, parameters, bytes, not none"):
        compress.compress(Tied())
    with pytest.raises(ValueError, match="not tau and rank"):
        compress.compress(Tied(), tau=0.5, rank=3)
    with pytest.raises(ValueError, match="low_rank"):
        compress.bank_of(Tied())


def test_a_single_layer_is_a_model_too() -> None:
    small = compress.compress(nn.Linear(20, 30), rank=2)
    assert isinstance(small, LowRankLinear)
    assert [type(one) for one in compress.to_torch(small)] == [nn.Linear, nn.Linear]
    assert type(compress.to_torch(small, multiply_out=True)) is nn.Linear
    assert size_of(small)[0] == 2 * 50 + 30


def test_a_compressed_model_trains_with_the_penalty() -> None:
    model, inputs = tagger()
    small = compress.low_rank(model.train())
    compress.factor_fully(compress.bank_of(small))
    penalty = compress.trace_norm_penalty(compress.bank_of(small), 0.01, 0.01)
    (small(inputs).square().mean() + penalty).backward()
    assert all(one.grad is not None for one in small.parameters() if one.requires_grad)


@pytest.mark.parametrize("made", MODELS.values(), ids=MODELS)
def test_a_compressed_model_can_be_traced(made) -> None:
    model, inputs = made()
    small = compress.compress(model, tau=0.8)
    with torch.no_grad():
        traced = torch.jit.trace(small, (inputs,))
    torch.testing.assert_close(traced(inputs), small(inputs), atol=1e-5, rtol=1e-5)
    exported = torch.export.export(small, (inputs,))
    torch.testing.assert_close(exported.module()(inputs), small(inputs), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("dynamo", [False, True])
def test_a_compressed_model_runs_in_onnxruntime(tmp_path, dynamo: bool) -> None:
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    if dynamo:
        pytest.importorskip("onnxscript")
    model, inputs = tagger()
    small = compress.compress(model, tau=0.8)
    path = tmp_path / "small.onnx"
    torch.onnx.export(small, (inputs,), path, dynamo=dynamo, input_names=["sound"], verbose=False)
    outputs = runtime.InferenceSession(path).run(None, {"sound": inputs.numpy()})
    torch.testing.assert_close(torch.from_numpy(outputs[0]), small(inputs), atol=1e-4, rtol=1e-4)
