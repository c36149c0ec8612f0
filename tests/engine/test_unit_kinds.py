"""Models of phones, pieces and grams: what the engine shows, finds with a lexicon, and refuses."""

import json
import os
import shutil
import subprocess

import numpy as np
import pytest
from engine_library import same_in_any_chunks
from small_models import GRAMS, PHONES, PIECES, make

from schatten import models
from schatten.decode.exact import ExactScorer
from schatten.decode.greedy import greedy_words
from schatten.decode.weights import Weights
from schatten.export.bundle import bundle
from schatten.export.run import export
from schatten.recipe.decoding import Decoding
from schatten.recipe.models import Lstm
from schatten.runtime.files import write_json
from schatten.units import BLANK, Units

OPTIONS = {"lm_weight": 0.6, "word_bonus": 1.0}


def exported(folder, units):
    """Export a small model of such units, and return its file."""
    model = make(Lstm(type="lstm", lstm=(20, 24)), seed=3, units=units)
    models.save(model, folder / "model.pt")
    export(folder / "model.pt", "fp32", folder / "model.gguf")
    return folder / "model.gguf"


@pytest.fixture(scope="module")
def opened(engine, made, files, phone_lexicon):
    model = engine.open(made("lstm_phones")[1])
    return model, model.language_model(files[0], phone_lexicon)


def test_without_a_language_model_phones_are_shown(opened, sound):
    stream = opened[0].stream()
    _, log_probs = stream.whole(sound)
    phones = greedy_words(log_probs, PHONES)
    assert len(phones) > 3
    assert stream.text.split() == phones == [phone for phone, _, _ in stream.words]
    times = [time for _, *both in stream.words for time in both]
    assert times == sorted(times)


def test_pieces_are_shown_as_words(engine, sound, tmp_path):
    stream = engine.open(exported(tmp_path, PIECES)).stream()
    _, log_probs = stream.whole(sound)
    words = greedy_words(log_probs, PIECES)
    assert len(words) > 1
    assert max(map(len, words)) > 2, "a word of several pieces"
    assert stream.text == " ".join(words)
    assert words == [word for word, _, _ in stream.words]


def test_grams_are_shown_as_words(engine, made, sound):
    stream = engine.open(made("lstm_grams")[1]).stream()
    _, log_probs = stream.whole(sound)
    words = greedy_words(log_probs, GRAMS)
    assert words
    assert stream.text == " ".join(words)
    assert words == [word for word, _, _ in stream.words]


@pytest.mark.parametrize("spelled", ["letters", "grams"])
def test_all_segmentations_of_words_into_grams_count(engine, made, files, sound, tmp_path, spelled):
    """A lexicon may spell with letters or with grams, which stand for theirs."""
    lexicon = files[1]
    if spelled == "grams":
        lexicon = tmp_path / "lexicon"
        lexicon.write_text(files[1].read_text().replace("\ta b c", "\tabc").replace(" a b", " ab"))
        assert lexicon.read_text() != files[1].read_text()
    model = engine.open(made("lstm_grams")[1])
    lm = model.language_model(files[0], lexicon)
    stream = model.stream(lm=lm, beam=2000, beam_threshold=200, token_beam=50, **OPTIONS)
    _, log_probs = stream.whole(sound)
    scorer = ExactScorer(files[1], files[0], GRAMS, Weights(0.6, 1.0), "sum")
    exact = scorer.score(log_probs, stream.text.split())
    assert exact - 3 < stream.score < exact + 1e-3


def test_the_score_of_words_is_exact(opened, files, phone_lexicon, sound):
    model, lm = opened
    stream = model.stream(lm=lm, beam=2000, beam_threshold=200, token_beam=50, **OPTIONS)
    _, log_probs = stream.whole(sound)
    scorer = ExactScorer(phone_lexicon, files[0], PHONES, Weights(0.6, 1.0), "sum")
    exact = scorer.score(log_probs, stream.text.split())
    # Merged histories lose some probability in a model that was never trained.
    assert exact - 3 < stream.score < exact + 1e-3


def test_sound_in_any_chunks_gives_the_same_words(opened, sound):
    model, lm = opened
    whole = same_in_any_chunks(model, lm, sound, **OPTIONS)
    assert len(whole.words) > 3


def test_partial_text_and_times(opened, sound):
    model, lm = opened
    stream = model.stream(lm=lm, **OPTIONS)
    partial = []
    for start in range(0, len(sound), 1600):
        stream.accept(sound[start : start + 1600])
        partial.append(stream.text.split())
        assert [word for word, _, _ in stream.words] == partial[-1]
        assert all(start < end for _, start, end in stream.words)
    stream.finish()
    words = stream.text.split()
    assert [] not in partial[len(partial) // 2 :]
    assert partial[-1][:-2] == words[: len(partial[-1]) - 2]
    starts = [start for _, start, _ in stream.words]
    assert starts == sorted(starts)
    ends = [end for _, _, end in stream.words]
    assert all(end <= start for end, start in zip(ends[:-1], starts[1:], strict=True))
    assert 0 <= starts[0] < ends[-1] <= len(sound) / 16000 + model.info.seconds_per_frame


@pytest.mark.parametrize("target", ["sanitize", "aarch64"])
@pytest.mark.parametrize("kind", ["lstm_phones", "lstm_grams"])
def test_a_bundle_finds_the_same_words(
    build, engine, made, binary, files, phone_lexicon, sound, tmp_path, kind, target
):
    """With several pronunciations or segmentations of a word, in int8, and on ARM."""
    lexicon = phone_lexicon if kind == "lstm_phones" else files[1]
    if target == "aarch64" and shutil.which("qemu-aarch64") is None:
        pytest.skip("qemu-aarch64 not installed")
    int8 = made(kind, "int8")[1]
    model = engine.open(int8)
    stream = model.stream(lm=model.language_model(binary, lexicon), **OPTIONS)
    stream.whole(sound)
    weights = tmp_path / "weights.json"
    write_json(weights, OPTIONS)
    sources = {"model": int8, "lm": binary, "lexicon": lexicon, "weights": weights}
    bundle(**sources, settings=Decoding(beam=200), output=tmp_path / "bundle")
    program = build(target) / "engine/schatten-recognize"
    if target == "aarch64":
        emulated = tmp_path / "emulated"
        emulated.write_text(f'#!/bin/sh\nexec qemu-aarch64 -cpu cortex-a53 {program} "$@"\n')
        emulated.chmod(0o755)
        program = emulated
    done = subprocess.run(
        [tmp_path / "bundle/recognize.sh", "--json"],
        check=False,
        input=sound.tobytes(),
        capture_output=True,
        env={**os.environ, "SCHATTEN_RECOGNIZE": str(program)},
    )
    assert done.returncode == 0, done.stderr.decode()
    found = json.loads(done.stdout.decode().splitlines()[0])
    assert found["text"] == stream.text
    for word, (_, start, end) in zip(found["words"], stream.words, strict=True):
        assert (word["start"], word["end"]) == pytest.approx((start, end), abs=1e-3)


def test_endpoints_come_between_phones(opened, sound):
    """The untrained model writes phones without end, so that an endpoint comes by length alone."""
    model, lm = opened
    stream = model.stream(lm=lm, maximum_seconds=0.8, silence_seconds=0.5, **OPTIONS)
    used = stream.accept(sound)
    assert stream.ended
    assert used < 0.85 * 16000
    assert stream.text
    stream.restart()
    assert (stream.text, stream.words) == ("", [])


def test_units_that_the_engine_does_not_know_are_refused(engine, tmp_path):
    names = (BLANK, *"abcdef")
    with pytest.raises(ValueError, match="units of an unknown kind, tones"):
        engine.open(exported(tmp_path, Units("tones", names, None)))
    path = exported(tmp_path, Units("phones", (*names, "||"), "||"))
    content = path.read_bytes()
    assert engine.open(path).units == [*names, "||"]
    path.write_bytes(content[::-1].replace(b"||", b"??", 1)[::-1])
    with pytest.raises(ValueError, match="no such unit between words"):
        engine.open(path)


@pytest.mark.parametrize(
    ("of", "to", "message"),
    [
        (b"abc", b"abz", "writes the gram `abz`, whose letters are no units: export it again"),
        (b"abc", b"a b", "writes the gram `a b`, whose letters are no units"),
        (b"separator", b"separat0r", "grams without a unit between words"),
    ],
)
def test_grams_that_cannot_be_spelled_are_refused(engine, made, tmp_path, of, to, message):
    content = made("lstm_grams")[1].read_bytes()
    path = tmp_path / "model.gguf"
    assert content.count(of) == 1
    path.write_bytes(content.replace(of, to))
    with pytest.raises(ValueError, match=message):
        engine.open(path)


def test_phones_may_have_a_separator(engine, files, sound, tmp_path):
    units = Units("phones", (BLANK, "a", "b", "c", "|"), "|")
    model = engine.open(exported(tmp_path, units))
    lexicon = tmp_path / "lexicon"
    words = [line.split("\t")[0] for line in files[1].read_text().splitlines()]
    lexicon.write_text("".join(f"{word}\t{' '.join('abc'[: len(word)])}\n" for word in words))
    stream = model.stream(lm=model.language_model(files[0], lexicon), **OPTIONS)
    _, log_probs = stream.whole(sound)
    scorer = ExactScorer(lexicon, files[0], units, Weights(0.6, 1.0), "sum")
    assert np.isfinite(scorer.score(log_probs, stream.text.split()))
    greedy = model.stream()
    greedy.whole(sound)
    assert greedy.text.split() == greedy_words(log_probs, units)
