"""Streams with a language model: any pieces, partial results, times; the same words on ARM."""

import json
import shutil
import subprocess

import pytest
from engine_library import same_in_any_chunks

from schatten.decode.search import LexiconSearch
from schatten.decode.weights import Weights
from schatten.recipe.decoding import Decoding
from schatten.units import from_names

HIGHEST = {
    name: next(limit.le for limit in Decoding.model_fields[name].metadata if hasattr(limit, "le"))
    for name in ("beam", "beam_threshold")
}
"""What a recipe may ask for."""
WEIGHTS = Weights(0.6, 2.0)
OPTIONS = {"lm_weight": 0.6, "word_bonus": 2.0}


@pytest.fixture(scope="module")
def opened(engine, made, files):
    model = engine.open(made("lstm")[1])
    return model, model.language_model(*files)


def test_the_words_fit_as_well_as_those_of_flashlight(opened, files, sound):
    """A model that was never trained: many word sequences fit nearly as well as the best."""
    model, lm = opened
    stream = model.stream(lm=lm, beam=2000, beam_threshold=200, token_beam=50, **OPTIONS)
    _, log_probs = stream.whole(sound)
    settings = Decoding(beam=4000, beam_threshold=200, token_beam=50)
    search = LexiconSearch(files[1], files[0], from_names(model.units), settings)
    words, score = search.decoder(WEIGHTS).best(log_probs)
    assert stream.score > score - 0.5
    assert stream.text.split()[:2] == words[:2]


def test_pieces_of_any_size_give_the_same_words(opened, sound):
    model, lm = opened
    assert same_in_any_chunks(model, lm, sound, **OPTIONS).words


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
        {"beam": HIGHEST["beam"] + 1},
        {"beam_threshold": HIGHEST["beam_threshold"] + 1},
        {"lm_weight": -1.0},
    ],
)
def test_options_out_of_range_are_refused(opened, option):
    model, lm = opened
    with pytest.raises(ValueError, match="must be"):
        model.stream(lm=lm, **option)


def test_the_highest_options_of_a_recipe_are_taken(opened):
    model, lm = opened
    model.stream(lm=lm, **HIGHEST)


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
