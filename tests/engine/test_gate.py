"""The gate: silence and steady noise are not computed, and no word is lost for that."""

import json
import subprocess

import numpy as np
import pytest
import soundfile
from python_binding import package, usual
from small_models import KINDS

from schatten import models
from schatten.export.run import export

SECOND = 16000
DECIBELS = usual("GATE_DECIBELS")
HELD_BACK = 0.3
"""Seconds before a loud window that are heard, as `gate.cpp` says."""


def noise(seconds, deviation, seed=0):
    size = round(seconds * SECOND)
    return np.random.default_rng(seed).normal(scale=deviation, size=size).astype(np.int16)


@pytest.fixture(scope="session", params=["dense", "lstm"])
def silent(request, engine, tmp_path_factory):
    """A model that finds one letter in ten frames likely, but the blank always likelier."""
    model = KINDS[request.param]()
    model.output.weight.data *= 0.2
    model.output.bias.data.zero_()
    model.output.bias.data[0] = float(np.log(9 * (len(model.units.names) - 1)))
    folder = tmp_path_factory.mktemp("silent")
    models.save(model, folder / "model.pt")
    export(folder / "model.pt", "fp32", folder / "model.gguf")
    return engine.open(folder / "model.gguf")


@pytest.fixture(scope="session")
def talk(sound):
    """Noise, two seconds of voices, noise, voices again, noise; and where the voices are."""
    quiet = [noise(seconds, 20, seed) for seed, seconds in enumerate((3, 4, 2.5))]
    parts = [quiet[0], sound, quiet[1], sound, quiet[2]]
    starts = np.cumsum([0, *map(len, parts)])
    return np.concatenate(parts), [(starts[k], starts[k] + len(sound)) for k in (1, 3)]


def test_a_gate_that_all_sound_opens_changes_no_bit(engine, made, talk):
    """What is above the background by next to nothing is nearly all sound."""
    model = engine.open(made("dense", "int8")[1])
    plain, gated = model.stream(), model.stream(gate_decibels=1e-9)
    frames, again = plain.whole(talk[0])[1], gated.whole(talk[0])[1]
    assert np.array_equal(frames, again)
    assert (plain.text, plain.words) == (gated.text, gated.words)
    assert plain.asleep == gated.asleep == 0


@pytest.mark.parametrize("deviation", [0, 30, 3000])
def test_silence_and_steady_noise_are_hardly_computed(silent, files, deviation):
    """In a minute a search collects words there without the gate (`test_idle.py`)."""
    lm = silent.language_model(*files)
    stream = silent.stream(lm=lm, gate_decibels=DECIBELS, lm_weight=0.6)
    stream.whole(noise(60, deviation))
    assert stream.text == ""
    assert stream.asleep > 58
    assert len(stream.logprobs) * silent.info.seconds_per_frame < 1.5


def test_speech_is_computed_with_what_comes_before_it(silent, talk):
    """Frames of voices are those of the ungated stream, and so is the length of both."""
    sound, voices = talk
    plain, gated = silent.stream(), silent.stream(gate_decibels=DECIBELS)
    all_features, frames = plain.whole(sound)
    features = gated.whole(sound)[0]
    assert len(gated.logprobs) * silent.info.seconds_per_frame + gated.asleep == pytest.approx(
        len(frames) * silent.info.seconds_per_frame, abs=0.45
    )
    assert gated.asleep > 5
    heard, at = np.zeros(len(all_features), bool), 0
    for row in features:  # in order, so each is found after the one before
        while not np.array_equal(all_features[at], row):
            at += 1
        heard[at] = True
    for start, end in voices:
        first = round((start / SECOND - HELD_BACK) * 100) + 3
        assert heard[first : end // 160 - 2].all()


@pytest.mark.parametrize("with_lm", [False, True])
def test_pieces_of_any_size_give_the_same_bits(silent, files, talk, with_lm):
    options = {"gate_decibels": DECIBELS, "silence_seconds": 0.7}
    if with_lm:
        options |= {"lm": silent.language_model(*files), "lm_weight": 0.3, "word_bonus": 2.0}
    found = []
    for chunk, batch in ((len(talk[0]), 4), (159, 1), (1777, 3)):
        stream, ends = silent.stream(batch_frames=batch, **options), []
        at = 0
        while at < len(talk[0]):
            at += stream.accept(talk[0][at : at + chunk])
            if stream.ended:
                ends.append((stream.text, stream.words))
                stream.restart()
        stream.finish()
        found.append((stream.logprobs, stream.asleep, ends, stream.text, stream.words))
    assert found[0][1] > 5
    assert found[1] == found[0]
    assert found[2] == found[0]


def test_words_keep_their_times(engine, files, sound, tmp_path):
    """Time goes on while the model sleeps: a word after that is where it was said."""
    model = KINDS["lstm"]()
    probe = engine.open(exported(model, tmp_path))
    loud, quiet = (
        (frames - frames[:, :1]).max(axis=0)
        for frames in (probe.stream().whole(one)[1] for one in (sound, noise(9, 20)))
    )
    letter = 2 + int(np.argmax((loud - quiet)[2:]))
    assert loud[letter] > quiet[letter]
    others = model.output.bias.data
    others[1:letter] -= 30
    others[letter + 1 :] -= 30
    others[letter] -= float(loud[letter] + quiet[letter]) / 2  # it is in voices alone
    opened = engine.open(exported(model, tmp_path))
    whole = np.concatenate([noise(9, 20), sound, noise(1, 20, 1)])
    stream = opened.stream(gate_decibels=DECIBELS)
    stream.whole(whole)
    assert stream.asleep > 7
    assert stream.words, "the voices hold letters"
    for _, start, end in stream.words:
        assert 8.9 < start < end < 11.5
    alone = opened.stream()
    alone.whole(whole)
    assert stream.words[0][1] == pytest.approx(alone.words[0][1], abs=0.2)


def test_the_background_is_known_after_an_endpoint_and_forgotten_after_the_end(silent):
    sound = noise(6, 500)
    stream = silent.stream(gate_decibels=DECIBELS, maximum_seconds=2.0)
    asleep = []
    for _ in range(2):
        at = 0
        while at < len(sound):
            before = stream.asleep
            at += stream.accept(sound[at:])
            if not stream.ended:
                stream.finish()
            asleep.append(round(stream.asleep - before, 2))
            stream.restart()
    half = len(asleep) // 2
    assert asleep[:half] == asleep[half:], "what is heard of a file does not depend on others"
    assert asleep[1] > asleep[0] + 0.4


@pytest.mark.parametrize("with_lm", [False, True])
def test_evidence_is_the_mean_probability_of_units(engine, made, files, sound, with_lm):
    """With a language model, less for words that do not go with the units."""
    model = engine.open(made("lstm")[1])
    options = {"lm": model.language_model(*files), "lm_weight": 6.0} if with_lm else {}
    stream = model.stream(**options)
    assert stream.evidence == 0
    _, frames = stream.whole(sound)
    separator = model.units.index(" ")
    heard = [frame.max() for frame in frames if frame.argmax() not in (0, separator)]
    expected = np.mean(heard)
    if with_lm:
        best = frames.argmax(axis=1)
        is_new = np.diff(best, prepend=0) != 0
        units = np.count_nonzero(is_new & (best != 0) & (best != separator))
        expected += 0.2 * min(0, stream.score - frames.max(axis=1).sum()) / units
    assert stream.evidence == pytest.approx(np.exp(expected), rel=1e-5)
    stream.restart()
    assert stream.evidence == 0


@pytest.mark.parametrize("with_lm", [False, True])
def test_a_text_of_weak_evidence_is_kept_back(engine, made, files, sound, with_lm):
    model = engine.open(made("lstm")[1])
    options = {"alternatives": 3, "lm": model.language_model(*files)} if with_lm else {}
    plain = model.stream(**options)
    plain.whole(sound)
    assert plain.words
    kept = model.stream(gate_evidence=plain.evidence - 1e-9, **options)
    kept.whole(sound)
    assert (kept.text, kept.words, kept.score) == (plain.text, plain.words, plain.score)
    weak = model.stream(gate_evidence=plain.evidence + 1e-9, **options)
    weak.whole(sound)
    assert (weak.text, weak.words, weak.alternatives) == ("", [], [])
    assert weak.score == (-np.inf if with_lm else 0)
    assert weak.logprobs == plain.logprobs


@pytest.mark.parametrize(
    ("option", "value"),
    [(f"gate_{name}", value) for name, value in (("decibels", -1.0), ("decibels", 60.5),
     ("decibels", np.nan), ("evidence", -0.1), ("evidence", 1.1), ("evidence", np.nan))],
)  # fmt: skip
def test_a_gate_out_of_range_is_refused(engine, made, option, value):
    model = engine.open(made("dense")[1])
    with pytest.raises(ValueError, match=f"{option} must be 0 to"):
        model.stream(**{option: value})


def test_the_package_takes_a_gate(engine, bundled, monkeypatch, talk):
    package_ = package(engine, monkeypatch)
    recognizer = package_.Recognizer(bundled)
    plain, gated = recognizer.stream(), recognizer.stream(gate=package_.Gate(0.0, 1.0))
    assert plain.accept(talk[0]) == gated.accept(talk[0]) == []
    assert plain.finish().text
    assert gated.finish() == package_.Utterance("", (), -np.inf)
    usual_gate = recognizer.stream(gate=True)
    usual_gate.accept(np.zeros(SECOND, np.int16))
    assert usual_gate.statistics.asleep_seconds <= 1
    assert package_.Gate() == package_.Gate(DECIBELS, usual("GATE_EVIDENCE"))


def test_the_program_says_how_sure_it_is(build, made, talk, tmp_path):
    path = tmp_path / "talk.wav"
    soundfile.write(path, talk[0], SECOND)
    program = build("shared") / "engine/schatten-recognize"

    def said(*options):
        command = [program, "--json", *options, made("lstm")[1], path]
        done = subprocess.run(list(map(str, command)), check=True, capture_output=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

    plain, gated = said(), said("--gate-evidence", 1)
    assert plain[0]["text"]
    assert "evidence" not in plain[0]
    assert gated[0]["text"] == ""
    assert 0 < gated[0]["evidence"] < 1
    assert said("--gate")[-1]["asleep_seconds"] >= 0
    assert plain[-1]["asleep_seconds"] == 0


def exported(model, folder):
    """Write a model for the engine; returns its path."""
    models.save(model, folder / "model.pt")
    export(folder / "model.pt", "fp32", folder / "model.gguf")
    return folder / "model.gguf"
