"""Torch's quantised forward is the engine's: the same log-probabilities and the same text.

Also the file of int4: nibbles, which give the numbers that an int8 file could hold.
"""

import gguf
import numpy as np
import pytest
import torch
from small_models import KINDS

from schatten import models
from schatten.compress.forms import mask_name
from schatten.decode.greedy import greedy_words
from schatten.export.quantize import in_nibbles, quantize_rows
from schatten.export.run import export
from schatten.features.extractors import extractor
from schatten.models.quantized import quantized

UTTERANCES = 50
WITH_STATES = [
    kind
    for kind in KINDS
    if not kind.startswith("rnn") and kind not in ("lstm_phones", "lstm_grams")
]
"""Kinds of GRUs and LSTMs; units change no pass."""


def utterances(count):
    """Return sounds of 0.3 to 2.3 seconds: gliding voices, loud and quiet, with noise."""
    found = []
    for seed in range(count):
        rng = np.random.default_rng(seed)
        time = np.arange(5000 + int(rng.integers(32000))) / 16000
        phase = 2 * np.pi * (rng.uniform(90, 220) * time + 20 * np.sin(rng.uniform(1, 5) * time))
        voice = sum(np.sin(k * phase) / k for k in range(1, 30))
        voice *= np.maximum(0, np.sin(rng.uniform(4, 10) * time))
        noisy = rng.uniform(500, 6000) * voice + 60 * rng.normal(size=len(time))
        found.append(noisy.astype(np.int16))
    return found


def log_probs_in_batches(model, features):
    """Yield log-probabilities of all utterances, from padded batches of ten."""
    for start in range(0, len(features), 10):
        batch = [torch.from_numpy(np.array(one)) for one in features[start : start + 10]]
        lengths = torch.tensor([len(one) for one in batch])
        padded = torch.nn.utils.rnn.pad_sequence(batch, batch_first=True)
        with torch.inference_mode():
            log_probs, frames = model(padded, lengths)
        yield from (one[:count].numpy() for one, count in zip(log_probs, frames, strict=True))


def lively(kind, sounds):
    """Return a small model that writes many words, and whose results change with a code."""
    model = KINDS[kind]()
    with torch.no_grad():
        model.output.weight.mul_(12)
        for _, weight in model.bank.items():
            for name, tensor in weight.tensors.items():
                if name not in map(mask_name, weight.masks):
                    tensor.mul_(1.5)
    extract = extractor(model.settings.feature).extract
    features = [extract(sound / 32768, 16000) for sound in sounds[:10]]
    mean = np.concatenate(list(log_probs_in_batches(model, features))).mean(0)
    model.output.bias.data -= torch.from_numpy(mean)
    return model


@pytest.mark.parametrize("bits", [8, 4])
@pytest.mark.parametrize("kind", WITH_STATES)
def test_log_probabilities_and_text_are_those_of_the_engine(engine, kind, bits, tmp_path):
    sounds = utterances(UTTERANCES)
    model = lively(kind, sounds)
    models.save(model, tmp_path / "model.pt")
    export(tmp_path / "model.pt", f"int{bits}", tmp_path / "model.gguf")
    opened = engine.open(tmp_path / "model.gguf")
    features, found, texts = [], [], []
    for sound in sounds:
        stream = opened.stream()
        heard, log_probs = stream.whole(sound)
        features.append(heard)
        found.append(log_probs)
        texts.append(stream.text.split())
    expected = list(log_probs_in_batches(quantized(model, bits), features))
    worst = [np.abs(a - b).max() for a, b in zip(expected, found, strict=True)]
    whole = list(log_probs_in_batches(model, features))
    near = [np.abs(a - b).max() for a, b in zip(whole, found, strict=True)]
    assert max(worst) < 1e-3
    # Every code is the same: one other code moves results by hundredths.
    assert np.median(worst) < 1e-5
    assert np.median(near) > 0.02
    assert [greedy_words(one, model.units) for one in expected] == texts
    # The factors of a random matrix differ between types of CPU; on one there are three words.
    assert len({word for text in texts for word in text}) > 2


def test_two_whole_numbers_are_a_byte():
    whole = np.array([[1, -7, 7], [0, -1, -8]], np.int8)
    packed = in_nibbles(whole).view(np.uint8)
    assert packed.tolist() == [[0x91, 0x07], [0xF0, 0x08]]


def test_nibbles_are_half_of_the_bytes_and_the_same_numbers(engine, made, tmp_path):
    _, wide = made("dense", "int8")
    _, narrow = made("dense", "int4")
    tensors = [
        {one.name: one.data for one in gguf.GGUFReader(path).tensors} for path in (wide, narrow)
    ]
    assert tensors[0].keys() == tensors[1].keys()
    halved = {name for name, one in tensors[1].items() if one.size < tensors[0][name].size}
    assert halved == {f"layer.{layer}.nonrec.0" for layer in (2, 3, 4)} | {
        f"layer.{layer}.rec.0" for layer in (2, 3)
    }
    model, _ = made("dense", "int4")
    whole, _ = quantize_rows(model.bank.form()["gru1.rec"].detach().double().numpy(), 4)
    assert np.array_equal(tensors[1]["layer.3.rec.0"], in_nibbles(whole))
    assert engine.open(narrow).info.is_int8


@pytest.mark.parametrize("columns", [0, 1, 23, 25, 48, 2**24, 2**31])
def test_nibbles_of_another_count_are_refused(engine, made, tmp_path, columns):
    """A row of 24 columns lies in 12 bytes."""
    path = tmp_path / "model.gguf"
    path.write_bytes(made("dense", "int4")[1].read_bytes())
    reader = gguf.GGUFReader(path, "r+")
    reader.fields["schatten.layer.2.rec.0.columns"].parts[-1][0] = columns
    reader.data.flush()
    with pytest.raises(ValueError, match=r"columns|another size"):
        engine.open(path)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_model_runs_in_four_bits(engine, made, kind):
    sound = utterances(1)[0]
    exact, near = (
        engine.open(made(kind, precision)[1]).stream().whole(sound)[1]
        for precision in ("fp32", "int4")
    )
    spread = np.abs(exact - exact.mean(axis=0)).max()
    assert 0 < np.abs(near - exact).max() < max(0.3, 2 * spread)


def test_an_engine_of_before_refuses_the_file(made):
    versions = [
        gguf.GGUFReader(made("dense", precision)[1]).fields["schatten.version"].contents()
        for precision in ("fp32", "int8", "int4")
    ]
    assert versions == [1, 1, 2]
