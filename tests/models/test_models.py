"""Acoustic models: masks, sizes, saving; and the fused layers against their formulas."""

from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from schatten import models
from schatten.compress.truncate import factor_fully, truncate_to_rank
from schatten.errors import UserError
from schatten.features.extractors import extractor
from schatten.models import AcousticModel
from schatten.models import gru as gru_module
from schatten.models.bands import highest_frequencies
from schatten.models.gru import GruBiases, run_fused_gru, run_gru
from schatten.models.gru_frames import TorchFrames
from schatten.models.layers import run_lstm
from schatten.models.lstm import stack_frames
from schatten.models.packing import Packing
from schatten.recipe.models import FEATURE_BINS, Convolution, DeepSpeech2, Lstm
from schatten.units import characters

DS2 = DeepSpeech2(
    type="deep_speech_2",
    convolutions=(
        Convolution(channels=4, kernel=(5, 7), stride=(2, 2)),
        Convolution(channels=4, kernel=(4, 5), stride=(1, 2)),
    ),
    gru=(12, 14),
    fully_connected=10,
)
RNN = DS2.model_copy(update={"recurrent": "rnn"})
LSTM = Lstm(type="lstm", lstm=(12, 10))
UNITS = characters("abc'")


def built(settings: DeepSpeech2 | Lstm, factorization: str = "partial") -> AcousticModel:
    torch.manual_seed(3)
    model = models.build(settings, UNITS, factorization)
    model.train()  # running statistics of BatchNorm other than the initial ones
    features, lengths = batch(model)
    model(features, lengths)
    return model.eval()


def batch(model: AcousticModel) -> tuple[Tensor, Tensor]:
    torch.manual_seed(4)
    lengths = torch.tensor([61, 40, 17])
    return torch.randn(3, 61, len(model.bins_mean)), lengths


@pytest.mark.parametrize("settings", [DS2, RNN, LSTM])
def test_an_utterance_is_the_same_alone_and_in_any_batch(settings: DeepSpeech2 | Lstm) -> None:
    model = built(settings)
    features, lengths = batch(model)
    together, output_lengths = model(features, lengths)
    for row, length in enumerate(lengths.tolist()):
        alone, alone_length = model(features[row : row + 1, :length], lengths[row : row + 1])
        frames = int(output_lengths[row])
        assert int(alone_length) == frames
        assert torch.allclose(together[row, :frames], alone[0, :frames], atol=1e-5)


@pytest.mark.parametrize("settings", [DS2, LSTM])
def test_padding_does_not_change_training_statistics(settings: DeepSpeech2 | Lstm) -> None:
    def gradients(padding: int) -> dict[str, Tensor]:
        torch.manual_seed(3)
        model = models.build(settings, UNITS, "partial").train()
        features, lengths = batch(model)
        padded = torch.nn.functional.pad(features, (0, 0, 0, padding), value=7.0)
        log_probs, output_lengths = model(padded, lengths)
        loss = sum(log_probs[row, :length, 0].sum() for row, length in enumerate(output_lengths))
        loss.backward()
        return {name: one.grad for name, one in model.named_parameters() if one.grad is not None}

    plain, padded = gradients(0), gradients(23)
    for name, value in plain.items():
        assert torch.allclose(value, padded[name], atol=1e-3), name


@pytest.mark.parametrize("settings", [DS2, LSTM])
def test_future_beyond_the_look_ahead_changes_nothing(settings: DeepSpeech2 | Lstm) -> None:
    model = built(settings)
    features, lengths = batch(model)
    changed = features.clone()
    changed[:, 40:] += 1.0
    before, _ = model(features, lengths)
    after, _ = model(changed, lengths)
    frames = 30 // settings.stride  # 10 frames of look-ahead cover both models'
    assert torch.allclose(before[0, :frames], after[0, :frames], atol=1e-6)
    assert not torch.allclose(before[0], after[0], atol=1e-3)


def test_output_lengths_are_those_of_the_output() -> None:
    for settings in (DS2, LSTM):
        model = built(settings)
        for frames in range(1, 30):
            lengths = torch.tensor([frames])
            output, output_lengths = model(torch.randn(1, frames, len(model.bins_mean)), lengths)
            assert output.shape[1] == int(output_lengths) == int(model.output_lengths(lengths))


def test_the_fused_gru_is_the_formula_of_the_trace_norm_paper() -> None:
    torch.manual_seed(0)
    hidden, inputs = 5, 4
    nonrec, rec = torch.randn(3 * hidden, inputs), torch.randn(3 * hidden, hidden)
    biases = GruBiases(hidden)
    torch.nn.init.normal_(biases.input)
    torch.nn.init.normal_(biases.new)
    x, state, expected = torch.randn(1, 6, inputs), torch.zeros(hidden), []
    for frame in x[0]:
        reset, update, new = (nonrec @ frame + biases.input).chunk(3)
        u_reset, u_update, u_new = (rec @ state).chunk(3)
        r, z = torch.sigmoid(reset + u_reset), torch.sigmoid(update + u_update)
        candidate = torch.tanh(new + r * (u_new + biases.new))
        state = (1 - z) * candidate + z * state
        expected.append(state)
    packing = Packing(torch.tensor([6]), 6)
    assert torch.allclose(
        run_gru(x[0], packing, nonrec, rec, biases), torch.stack(expected), atol=1e-5
    )


LENGTHS = [[9, 9, 9], [4, 9, 6], [1, 0, 9]]


@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("compiled", [True, False])
def test_the_trained_gru_has_the_values_and_gradients_of_torchs(
    lengths: list[int], compiled: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not compiled:
        monkeypatch.setattr(gru_module, "kernels_of", lambda kind: TorchFrames())
    torch.manual_seed(0)
    hidden, inputs = 7, 5
    biases = GruBiases(hidden).double()
    torch.nn.init.normal_(biases.input)
    torch.nn.init.normal_(biases.new)
    shapes = (3, 9, inputs), (3 * hidden, inputs), (3 * hidden, hidden)
    taken = [torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in shapes]
    packing = Packing(torch.tensor(lengths), 9)
    wanted = torch.randn(hidden, sum(lengths), dtype=torch.float64).t()  # not contiguous
    results = []
    for run in (run_fused_gru, run_gru):
        x, *matrices = taken
        if run is run_gru:
            states = run_gru(packing.pack(x), packing, *matrices, biases)
        else:
            states = packing.pack(run_fused_gru(x, *matrices, biases))
        gradients = torch.autograd.grad((states * wanted).sum(), [*taken, *biases.parameters()])
        results.append([states.detach(), *gradients])
    assert "TrainedGru" in type(states.grad_fn).__name__
    for fused, own in zip(*results, strict=True):
        assert torch.allclose(fused, own, atol=1e-12)


def test_a_gru_with_recurrent_factors_has_the_values_and_gradients_of_their_product() -> None:
    torch.manual_seed(0)
    hidden, inputs, rank = 7, 5, 3
    biases = GruBiases(hidden).double()
    torch.nn.init.normal_(biases.new)
    packing = Packing(torch.tensor([5, 9]), 9)
    shapes = (14, inputs), (3 * hidden, inputs), (3 * hidden, rank), (rank, hidden)
    taken = [torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in shapes]
    x, nonrec, u, v = taken
    formed = run_gru(x, packing, nonrec, u @ v, biases)
    applied = run_gru(x, packing, nonrec, u, biases, v)
    assert torch.allclose(formed, applied, atol=1e-12)
    wanted = torch.randn_like(formed)
    of_formed, of_applied = (
        torch.autograd.grad((one * wanted).sum(), [*taken, *biases.parameters()])
        for one in (formed, applied)
    )
    for one, other in zip(of_formed, of_applied, strict=True):
        assert torch.allclose(one, other, atol=1e-12)


def test_the_fused_lstm_is_the_formula() -> None:
    torch.manual_seed(0)
    hidden, inputs = 5, 4
    nonrec, rec = torch.randn(4 * hidden, inputs), torch.randn(4 * hidden, hidden)
    bias, x = torch.randn(4 * hidden), torch.randn(1, 6, inputs)
    state, cell, expected = torch.zeros(hidden), torch.zeros(hidden), []
    for frame in x[0]:
        i, f, g, o = (nonrec @ frame + rec @ state + bias).chunk(4)
        cell = torch.sigmoid(f) * cell + torch.sigmoid(i) * torch.tanh(g)
        state = torch.sigmoid(o) * torch.tanh(cell)
        expected.append(state)
    assert torch.allclose(run_lstm(x, nonrec, rec, bias)[0], torch.stack(expected), atol=1e-5)


def test_stacking_keeps_every_third_of_eight_stacked_frames() -> None:
    frames = torch.arange(10.0)[None, :, None]
    stacked = stack_frames(frames, 8, 3)
    assert stacked.shape == (1, 4, 8)
    assert stacked[0, 1].tolist() == [3, 4, 5, 6, 7, 8, 9, 0]


def paper_model(factorization: str = "partial") -> AcousticModel:
    settings = DeepSpeech2(
        type="deep_speech_2",
        convolutions=(
            Convolution(channels=64, kernel=(11, 21), stride=(2, 2)),
            Convolution(channels=64, kernel=(11, 11), stride=(1, 2)),
        ),
        gru=(768, 1024, 1280),
        fully_connected=1536,
    )
    return models.build(settings, characters("abcdefghijklmnopqrstuvwxyz'"), factorization)


def test_the_paper_model_has_the_paper_s_parameter_counts() -> None:
    model = paper_model()
    assert model.parameters_at_inference() == pytest.approx(21.7e6, rel=0.03)
    for _, weight in model.bank.items():  # zeros: only the count matters
        rows, columns = weight.shape
        rank = min(rows, columns)
        weight.store_factors(torch.zeros(rows, rank), torch.zeros(rank, columns))
    assert model.parameters_at_inference() == pytest.approx(29.8e6, rel=0.03)


def test_the_lstm_of_prabhavalkar_et_al_has_its_parameter_count() -> None:
    settings = Lstm(type="lstm", lstm=(500,) * 5)
    model = models.build(settings, characters("abcdefghijklmnopqrstuvwxyz'"), "partial")
    assert model.parameters_at_inference() == pytest.approx(9.7e6, rel=0.01)


@pytest.mark.parametrize("factorization", ["split", "partial", "joint"])
def test_a_saved_model_comes_back_with_its_ranks(tmp_path: Path, factorization: str) -> None:
    model = built(DS2, factorization)
    factor_fully(model.bank)
    truncate_to_rank(model.bank, 3)
    models.save(model, tmp_path / "model.pt")
    loaded = models.load(tmp_path / "model.pt")
    assert loaded.bank.ranks == model.bank.ranks
    stored = model.state_dict()
    assert loaded.state_dict().keys() == stored.keys()
    assert all(torch.equal(value, stored[name]) for name, value in loaded.state_dict().items())
    # Factors come back with other strides, for which some CPUs have other kernels.
    features, lengths = batch(model)
    found, expected = loaded(features, lengths)[0], model(features, lengths)[0]
    assert torch.allclose(found, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("factorization", ["split", "partial", "joint"])
@pytest.mark.parametrize("settings", [DS2, RNN, LSTM])
def test_products_in_two_steps_are_the_same(
    tmp_path: Path, settings: DeepSpeech2 | Lstm, factorization: str
) -> None:
    model = built(settings, factorization)
    factor_fully(model.bank)
    truncate_to_rank(model.bank, 2)
    features, lengths = batch(model)
    expected, _ = model(features, lengths)
    model.bank.apply_below = 1.0
    inner = model.bank.right_factors()
    formed = model.bank.form(inner)
    assert bool(inner) == (factorization != "split" or settings is not LSTM)  # fc has one gate
    assert all(formed[name].shape[1] == 2 for name in inner)
    assert not any(name.endswith(".rec") for name in inner)
    assert torch.allclose(model(features, lengths)[0], expected, atol=1e-5)
    assert model.bank.right_factors(recurrent=True) == inner
    model.bank.apply_recurrent_below = 1.0
    inner = model.bank.right_factors(recurrent=True)
    has_one_gate = factorization != "split" or settings is RNN
    assert any(name.endswith(".rec") for name in inner) == has_one_gate
    assert torch.allclose(model(features, lengths)[0], expected, atol=1e-5)
    with torch.inference_mode():  # where fused kernels take formed matrices
        assert torch.allclose(model(features, lengths)[0], expected, atol=1e-5)
    models.save(model, tmp_path / "model.pt")
    loaded = models.load(tmp_path / "model.pt")
    assert loaded.bank.right_factors(recurrent=True).keys() == inner.keys()
    model.bank.apply_below = model.bank.apply_recurrent_below = 0.01
    assert model.bank.right_factors(recurrent=True) == {}


def test_damaged_and_missing_models_are_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    with pytest.raises(UserError, match=r"model.pt does not exist"):
        models.load(path)
    models.save(built(LSTM), path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(UserError, match=r"model.pt is no whole model file"):
        models.load(path)


@pytest.mark.parametrize("feature", ["mel80", "mel40"])
def test_mel_filters_end_where_it_is_said(feature: str) -> None:
    layer: Any = extractor(feature).layer
    filters = layer._fb.detach().numpy().T  # (bins, frequencies from 0 to 8000 Hz)
    step = 8000 / (filters.shape[1] - 1)
    for row, end in zip(filters, highest_frequencies(feature).tolist(), strict=True):
        assert row[int(end / step) + 1 :].max(initial=0) == 0
        assert row[int(end / step - 1e-3)] > 0 or row.max() == 0


@pytest.mark.parametrize("feature", FEATURE_BINS)
def test_no_model_can_be_told_to_look_at_nothing(feature: str) -> None:
    assert highest_frequencies(feature)[0] < 100
    settings = DS2.model_dump() | {"feature": feature, "highest_frequency": 99.0}
    with pytest.raises(ValidationError, match="greater than or equal to 100"):
        DeepSpeech2.model_validate(settings)


@pytest.mark.parametrize("settings", [DS2, LSTM])
def test_bins_above_the_highest_frequency_are_not_looked_at(settings: DeepSpeech2 | Lstm) -> None:
    model = built(settings.model_copy(update={"highest_frequency": 5500.0}))
    bins = len(model.bins_mean)
    model.set_statistics(torch.zeros(bins), torch.ones(bins))
    features, lengths = batch(model)
    below = int((highest_frequencies(settings.feature) <= 5500).sum())
    assert 0 < below < bins
    before, _ = model(features, lengths)
    features[..., below:] += 3
    assert torch.equal(model(features, lengths)[0], before)
    features[..., below - 1] += 3
    assert not torch.equal(model(features, lengths)[0], before)
