"""The engine against torch, against itself in pieces, and its words, endpoints and streams."""

import copy
import threading

import numpy as np
import pytest
import torch
from small_models import KINDS

from schatten import models
from schatten.decode.greedy import greedy_words
from schatten.export import blocks
from schatten.export.run import export
from schatten.features.extractors import POWER_FLOOR, extractor
from schatten.units import from_names


def _features(feature, samples):
    """Return features as in training, and in double precision, where rounding is no matter."""
    single = extractor(feature)
    expected = single.extract(samples.astype(np.float32) / 32768, 16000)
    exact = copy.deepcopy(single.layer).double()
    padded = np.pad(samples / 32768, (0, 400))[None]
    with torch.inference_mode():
        power = exact(torch.from_numpy(padded))[0, : len(expected)]
    if single.config.kind == "linear":
        power = power.clamp(min=POWER_FLOOR).log()
    return expected, power.numpy()


def _log_probs(model, features):
    with torch.inference_mode():
        frames = torch.from_numpy(np.ascontiguousarray(features))[None]
        return model(frames, torch.tensor([len(features)]))[0][0].numpy()


@pytest.mark.parametrize("kind", ["dense", "linear_spectrum", "lstm"])
def test_features_are_those_of_training(engine, made, sound, kind):
    model, path = made(kind)
    features, _ = engine.open(path).stream().whole(sound)
    expected, exact = _features(model.settings.feature, sound)
    assert features.shape == expected.shape
    assert np.abs(features - exact).max() < 1e-4
    # torch's own rounding shows only in bins far below the frame's loudest.
    heard = expected > expected.max(axis=1, keepdims=True) - 11
    assert np.abs(features - expected)[heard].max() < 1e-4


@pytest.mark.parametrize("kind", KINDS)
def test_log_probabilities_are_those_of_torch(engine, made, sound, kind):
    model, path = made(kind)
    stream = engine.open(path).stream()
    _, log_probs = stream.whole(sound)
    expected = _log_probs(model, extractor(model.settings.feature).extract(sound / 32768, 16000))
    assert log_probs.shape == expected.shape
    assert np.abs(log_probs - expected).max() < 1e-3
    words = greedy_words(expected, model.units)
    assert words
    assert stream.text.split() == words


@pytest.mark.parametrize("kind", KINDS)
def test_int8_is_near_fp32(engine, made, sound, kind):
    exact = engine.open(made(kind)[1]).stream().whole(sound)[1]
    near = engine.open(made(kind, "int8")[1]).stream().whole(sound)[1]
    spread = np.abs(exact - exact.mean(axis=0)).max()
    difference = np.abs(near - exact).max()
    assert 0 < difference < max(0.02, 0.2 * spread)


@pytest.mark.parametrize("precision", ["int8", "int4"])
@pytest.mark.parametrize("kind", ["pruned", "pruned_factors", "rnn_pruned"])
def test_a_sparse_model_gives_the_bits_of_the_whole_one(
    engine, sound, tmp_path, monkeypatch, kind, precision
):
    models.save(KINDS[kind](), tmp_path / "model.pt")
    found = []
    for share in (blocks.LARGEST_SHARE, 0.0):
        monkeypatch.setattr(blocks, "LARGEST_SHARE", share)
        export(tmp_path / "model.pt", precision, tmp_path / f"{share}.gguf")
        found.append(engine.open(tmp_path / f"{share}.gguf").stream().whole(sound)[1])
    sparse, whole = ((tmp_path / f"{share}.gguf").stat().st_size for share in (0.9, 0.0))
    assert sparse < whole
    assert np.array_equal(*found)


@pytest.mark.parametrize("precision", ["fp32", "int8"])
@pytest.mark.parametrize("kind", ["joint", "rnn", "lstm"])
def test_pieces_of_any_size_give_the_same_bits(engine, made, sound, kind, precision):
    model = engine.open(made(kind, precision)[1])
    features, log_probs = model.stream().whole(sound)
    for chunk, batch in ((1, 4), (159, 1), (160, 2), (1777, 3), (31999, 4)):
        again = model.stream(batch_frames=batch).whole(sound, chunk)
        assert np.array_equal(again[0], features)
        assert np.array_equal(again[1], log_probs)


@pytest.mark.parametrize("length", [0, 1, 79, 80, 240, 399, 400, 401, 2000])
@pytest.mark.parametrize("kind", ["dense", "lstm"])
def test_short_sound(engine, made, sound, kind, length):
    model, path = made(kind)
    start = len(sound) // 3
    samples = sound[start : start + length]
    _, log_probs = engine.open(path).stream().whole(samples)
    frames = (length + 80) // 160
    assert len(log_probs) == max(0, int(model.output_lengths(torch.tensor([frames]))[0]))
    if frames:
        features = extractor(model.settings.feature).extract(samples / 32768, 16000)
        assert np.abs(log_probs - _log_probs(model, features)).max() < 1e-3


@pytest.mark.parametrize("level", [0, 1, 32767])
@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_silence_and_full_scale_noise(engine, made, precision, level):
    signs = np.sign(np.random.default_rng(3).normal(size=8000))
    _, log_probs = engine.open(made("dense", precision)[1]).stream().whole(level * signs)
    assert np.isfinite(log_probs).all()
    assert np.allclose(np.exp(log_probs.astype(float)).sum(axis=1), 1, atol=1e-5)


def test_words_are_those_of_the_best_path(engine, made, sound):
    for kind in ("dense", "split", "lstm"):
        model = engine.open(made(kind)[1])
        stream = model.stream()
        _, log_probs = stream.whole(sound)
        words = greedy_words(log_probs, from_names(model.units))
        assert stream.text.split() == words
        assert [word for word, _, _ in stream.words] == words
        times = [time for _, *both in stream.words for time in both]
        assert times == sorted(times)
        assert times[-1] <= len(log_probs) * model.info.seconds_per_frame + 1e-9


@pytest.mark.parametrize("chunk", [700, 32000])
def test_an_utterance_ends_at_its_maximum_and_the_next_starts_anew(engine, made, sound, chunk):
    model = engine.open(made("dense")[1])
    stream = model.stream(maximum_seconds=0.5)
    ends, fed, first_words = [], 0, None
    while fed < len(sound):
        fed += stream.accept(sound[fed : fed + chunk])
        if stream.ended:
            assert stream.accept(sound) == 0
            ends.append(fed)
            if first_words is None:
                first_words = stream.words
            stream.restart()
    assert ends[:3] == [ends[0] * k for k in (1, 2, 3)]
    assert 8000 <= ends[0] <= 8160
    alone = model.stream()
    alone.whole(sound[: ends[0]])
    assert alone.words == first_words
    second = model.stream()
    second.whole(sound[ends[0] : ends[1]])
    count = len(second.logprobs)
    total = len(alone.logprobs)
    assert np.array_equal(stream.logprobs[total : total + count], second.logprobs)


def test_an_utterance_ends_after_silence(engine, sound, tmp_path):
    """The end is met as soon as the last letter is as far back as the option says."""
    model = KINDS["lstm"]()
    features = extractor(model.settings.feature).extract(sound / 32768, 16000)
    log_probs = _log_probs(model, features)
    margin = log_probs[:, 1:].max(axis=1) - log_probs[:, 0]
    model.output.bias.data[0] += float(np.quantile(margin, 0.9))  # blanks nearly everywhere
    models.save(model, tmp_path / "model.pt")
    export(tmp_path / "model.pt", "fp32", tmp_path / "model.gguf")
    opened = engine.open(tmp_path / "model.gguf")
    probe = opened.stream(batch_frames=1)
    _, frames = probe.whole(sound)
    letters = np.flatnonzero(frames.argmax(axis=1) > 1)
    gaps = np.diff(letters) - 1
    stream = opened.stream(batch_frames=1, silence_seconds=0.03 * float(gaps.max()) - 0.001)
    used = stream.accept(sound)
    assert gaps.max() > 1
    assert stream.ended
    assert used < len(sound)
    ended_after = letters[: 1 + int(gaps.argmax())]
    assert len(stream.logprobs) >= ended_after[-1] + 1 + gaps.max()
    assert used / 16000 == pytest.approx(
        0.03 * (ended_after[-1] + 1 + gaps.max()) + opened.info.latency_seconds, abs=0.17
    )


def test_streams_share_a_model(engine, made, sound):
    model = engine.open(made("joint", "int8")[1])
    sounds = [np.roll(sound, 3000 * k) for k in range(4)]
    expected = [model.stream().whole(one)[1] for one in sounds]
    found = [None] * 4

    def recognise(index):
        found[index] = model.stream().whole(sounds[index], 500)[1]

    threads = [threading.Thread(target=recognise, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(a, b) for a, b in zip(expected, found, strict=True))


def test_a_model_says_what_it_is(engine, made):
    model, path = made("partial", "int8")
    info = engine.open(path).info
    assert (info.units, info.bins, info.is_int8) == (len(model.units), 80, 1)
    assert info.parameters == model.parameters_at_inference()
    assert info.seconds_per_frame == pytest.approx(0.02)
    assert info.latency_seconds == pytest.approx(0.025 + 0.01 * (2 + 2 * 2 + 3 * 2))
    assert engine.open(path).units == list(model.units.names)


@pytest.mark.parametrize(
    "option", [{"batch_frames": 0}, {"batch_frames": 5}, {"silence_seconds": -1.0}]
)
def test_options_out_of_range_are_refused(engine, made, option):
    with pytest.raises(ValueError, match="must be"):
        engine.open(made("dense")[1]).stream(**option)
