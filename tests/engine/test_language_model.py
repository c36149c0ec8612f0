"""Streams with a language model: any pieces, partial results, times; the same words on ARM."""

import json
import shutil
import subprocess

import numpy as np
import pytest
from small_models import ALPHABET

from schatten.decode.search import LexiconSearch, Weights
from schatten.recipe.decoding import Decoding

WEIGHTS = Weights(0.6, 2.0)
OPTIONS = {"lm_weight": 0.6, "word_bonus": 2.0}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A lexicon of short words over the small models' letters, and a bigram of them."""
    folder = tmp_path_factory.mktemp("lm")
    random = np.random.default_rng(1)
    words = sorted(
        {"".join(random.choice(list(ALPHABET), size=size)) for size in (1, 2, 2, 3, 3, 4) * 12}
    )
    lexicon, arpa = folder / "lexicon", folder / "lm.arpa"
    lexicon.write_text("".join(f"{word}\t{' '.join(word)}\n" for word in words))
    unigrams = [f"{-random.uniform(1, 3):.3f}\t{word}\t-0.3" for word in words]
    pairs = sorted({tuple(random.choice(words, size=2)) for _ in range(200)})
    bigrams = [f"{-random.uniform(0.2, 2):.3f}\t{first} {second}" for first, second in pairs]
    lines = ["\\data\\", f"ngram 1={len(words) + 3}", f"ngram 2={len(bigrams)}", ""]
    lines += ["\\1-grams:", "-5\t<unk>\t0", "-99\t<s>\t-0.3", "-1.5\t</s>\t0", *unigrams, ""]
    arpa.write_text("\n".join([*lines, "\\2-grams:", *bigrams, "", "\\end\\", ""]))
    return arpa, lexicon


@pytest.fixture(scope="module")
def opened(engine, made, files):
    model = engine.open(made("lstm")[1])
    return model, model.language_model(*files)


def test_words_are_those_of_flashlight(opened, files, sound):
    model, lm = opened
    stream = model.stream(lm=lm, beam=2000, beam_threshold=200, token_beam=50, **OPTIONS)
    _, log_probs = stream.whole(sound)
    settings = Decoding(beam=4000, beam_threshold=200, token_beam=50)
    search = LexiconSearch(files[1], files[0], model.units, settings)
    words, score = search.decoder(WEIGHTS).best(log_probs)
    assert len(words) > 2
    assert stream.score == pytest.approx(score, abs=1.0)
    assert stream.text.split() == words


def test_pieces_of_any_size_give_the_same_words(opened, sound):
    model, lm = opened
    whole = model.stream(lm=lm, **OPTIONS)
    whole.whole(sound)
    for chunk, batch in ((1, 4), (159, 1), (1777, 3)):
        again = model.stream(lm=lm, batch_frames=batch, **OPTIONS)
        again.whole(sound, chunk)
        assert (again.text, again.words, again.score) == (whole.text, whole.words, whole.score)


def test_partial_results_and_times(opened, sound):
    model, lm = opened
    stream = model.stream(lm=lm, **OPTIONS)
    partial = []
    for start in range(0, len(sound), 1600):
        stream.accept(sound[start : start + 1600])
        partial.append(stream.text.split())
        assert [word for word, _, _ in stream.words] == partial[-1]
    stream.finish()
    words = stream.text.split()
    assert [] not in partial[len(partial) // 2 :]
    assert partial[-1][:-2] == words[: len(partial[-1]) - 2]
    times = [time for _, *both in stream.words for time in both]
    assert times == sorted(times)
    assert 0 <= times[0] < times[-1] <= len(sound) / 16000 + model.info.seconds_per_frame


def test_a_new_utterance_starts_anew(opened, sound):
    model, lm = opened
    stream = model.stream(lm=lm, **OPTIONS)
    stream.whole(sound)
    first = stream.words
    stream.restart()
    assert (stream.text, stream.words) == ("", [])
    stream.whole(sound)
    assert [word for word, _, _ in stream.words] == [word for word, _, _ in first]
    assert stream.words[0][1] == pytest.approx(first[0][1] + len(sound) / 16000)


@pytest.mark.parametrize(
    "option",
    [
        {"beam": 0},
        {"token_beam": 0},
        {"beam_threshold": 0},
        {"beam_threshold": 301.0},
        {"lm_weight": -1.0},
    ],
)
def test_options_out_of_range_are_refused(opened, option):
    model, lm = opened
    with pytest.raises(ValueError, match="must be"):
        model.stream(lm=lm, **option)


def test_files_of_other_kinds_are_refused(opened, files, tmp_path):
    model, _ = opened
    arpa, lexicon = files
    other = tmp_path / "other"
    other.write_text("word\tw o r d\n")
    with pytest.raises(ValueError, match="unit that the model has not"):
        model.language_model(arpa, other)
    with pytest.raises(ValueError, match="no KenLM language model"):
        model.language_model(lexicon, lexicon)


@pytest.mark.parametrize("target", ["sanitize", "aarch64"])
def test_the_program_finds_the_same_words(build, opened, made, files, sound, tmp_path, target):
    if target == "aarch64" and shutil.which("qemu-aarch64") is None:
        pytest.skip("qemu-aarch64 not installed")
    model, lm = opened
    stream = model.stream(lm=lm, **OPTIONS)
    stream.whole(sound)
    arpa, lexicon = files
    command = [build(target) / "engine/schatten-recognize", "--json", "--lm", arpa]
    command += ["--lexicon", lexicon, "--lm-weight", 0.6, "--word-bonus", 2, made("lstm")[1]]
    emulator = ["qemu-aarch64", "-cpu", "cortex-a53"] if target == "aarch64" else []
    done = subprocess.run(
        [*emulator, *map(str, command)], check=False, input=sound.tobytes(), capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()
    found = json.loads(done.stdout.decode().splitlines()[0])
    assert found["text"] == stream.text
    assert found["words"][-1]["end"] == pytest.approx(stream.words[-1][2], abs=1e-3)


def test_wrong_use_is_named(build, made, files):
    arpa, lexicon = files
    program, model = build("sanitize") / "engine/schatten-recognize", made("lstm")[1]
    for arguments, message in (
        (["--lm", arpa], "--lm and --lexicon go together"),
        (["--look-ahead", arpa], "--look-ahead needs --lm"),
        (["--lm"], "--lm needs a file"),
        (["--lm", lexicon, "--lexicon", lexicon], "no KenLM language model"),
    ):
        command = list(map(str, [program, model, *arguments]))
        done = subprocess.run(command, check=False, input=b"", capture_output=True)
        assert done.returncode == 1
        assert message in done.stderr.decode()
