"""The engine with a language model withstands odd sound, and files that are cut off."""

import json

import numpy as np
import pytest
from test_recognize import recognize, refused, wav  # noqa: F401  (a fixture)

OPTIONS = ("--lm-weight", 0.6, "--word-bonus", 2)
SECOND = 16000


@pytest.fixture
def heard(recognize, made, files, binary):  # noqa: F811
    """Recognise WAV files, or raw sound, with a language model; return the process."""

    def run(*wavs, lm=binary, lexicon=files[1], stdin=b""):
        arguments = ["--json", "--lm", lm, "--lexicon", lexicon, *OPTIONS, made("lstm", "int8")[1]]
        return recognize(*arguments, *wavs, stdin=stdin)

    return run


def sounds():
    noise = np.random.default_rng(2).integers(-32768, 32768, size=4 * SECOND)
    square = np.where(np.arange(2 * SECOND) // 40 % 2, 32767, -32768)
    return {
        "empty": np.zeros(0),
        "one sample": np.full(1, 32767),
        "less than a window": np.arange(399),
        "silence": np.zeros(4 * SECOND),
        "a constant": np.full(2 * SECOND, -32768),
        "full-scale noise": noise,
        "full-scale square wave": square,
    }


@pytest.mark.parametrize("name", sounds())
def test_any_sound_has_words_or_none(heard, tmp_path, files, name):
    samples = sounds()[name].astype(np.int16)
    known = {line.split("\t")[0] for line in files[1].read_text().splitlines()}
    done = heard(wav(tmp_path / "a.wav", samples), wav(tmp_path / "b.wav", samples))
    assert done.returncode == 0, done.stderr
    first, second, last = map(json.loads, done.stdout.decode().splitlines())
    assert first["text"] == second["text"]
    assert set(first["text"].split()) <= known
    assert all(0 <= word["start"] <= word["end"] for word in first["words"])
    assert last["audio_seconds"] == pytest.approx(2 * len(samples) / SECOND, abs=2e-3)
    if len(samples) > 400:
        raw = heard(stdin=samples.tobytes()).stdout.decode().splitlines()
        assert len(raw) == 1 + bool(first["text"])  # raw sound without words is no utterance
        assert not first["text"] or json.loads(raw[0])["text"] == first["text"]


def test_language_models_that_are_cut_off_are_refused(heard, binary, sound, tmp_path):
    """A cut of only the words at the file's end is not noticed; the search does not read them."""
    whole, cut, accepted = binary.read_bytes(), tmp_path / "cut", 0
    expected = json.loads(heard(stdin=sound.tobytes()).stdout.decode().splitlines()[0])
    for size in (0, 1, 40, 88, 100, 200, *np.linspace(300, len(whole) - 1, 12, dtype=int)):
        cut.write_bytes(whole[:size])
        done = heard(lm=cut, stdin=sound.tobytes())
        if done.returncode:
            assert "no KenLM language model that can be read" in refused(done)
        else:
            assert json.loads(done.stdout.decode().splitlines()[0]) == expected
            accepted += 1
    assert accepted < 6


def test_lexicons_that_are_cut_off_are_refused(heard, files, tmp_path):
    whole, cut = files[1].read_bytes(), tmp_path / "cut"
    ends = [at for at in range(1, len(whole)) if whole[at - 1 : at] != b"\n"]
    for size in (0, *ends[:12], *ends[12::40], len(whole) - 1):
        cut.write_bytes(whole[:size])
        assert str(cut) in refused(heard(lexicon=cut))
