"""`schatten recognize`: a split of sound through the engine in one process."""

import json

import numpy as np
import pytest
import soundfile
from lhotse import CutSet

from schatten.artifacts import Reliability
from schatten.decode.engine import Answer, Engine, Language, recognise
from schatten.decode.sound import Sound, read_sounds
from schatten.errors import UserError
from schatten.recipe.decoding import Decoding
from schatten.runtime.files import read_jsonl, write_jsonl
from schatten.transcripts import read_hypotheses


@pytest.fixture
def program(build):
    return build("shared") / "engine/schatten-recognize"


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_words_are_those_of_the_streams(engine, program, made, split, sound, tmp_path, precision):
    _, model = made("lstm", precision)
    output = tmp_path / "test.hyp.txt"
    said = Engine(program, model, Decoding()).decode([(split, output)], split.parent)
    assert said.startswith("3 utterances, 5.0 s of audio, RTF 0.0")
    words = read_hypotheses(output)
    for name, samples in (("a", sound), ("b", sound[8000:24000])):
        stream = engine.open(model).stream()
        stream.whole(samples)
        assert words[name] == tuple(stream.text.split())
    assert words["c"]


def test_a_language_model_and_its_weights(engine, program, made, files, split, sound, tmp_path):
    _, model = made("lstm")
    weights, output = tmp_path / "weights.json", tmp_path / "test.hyp.txt"
    weights.write_text(json.dumps({"lm_weight": 0.6, "word_bonus": 2.0}))
    arpa, lexicon = files
    settings = Decoding(beam=20, beam_threshold=12.0, token_beam=6)
    language = Language(arpa, lexicon, weights)
    Engine(program, model, settings, language).decode([(split, output)], split.parent)
    opened = engine.open(model)
    options = {"lm_weight": 0.6, "word_bonus": 2.0, **settings.model_dump(include={"beam"})}
    options |= {"beam_threshold": 12.0, "token_beam": 6}
    stream = opened.stream(lm=opened.language_model(arpa, lexicon), **options)
    stream.whole(np.asarray(sound))
    assert read_hypotheses(output)["a"] == tuple(stream.text.split())


def test_the_words_have_confidences_and_stay_what_they_are(
    program, made, files, split, other, tmp_path
):
    """The calibration error is that of the engine's own answers, for each split."""
    _, model = made("lstm")
    weights, outputs = tmp_path / "weights.json", [tmp_path / f"{name}.hyp.txt" for name in "ab"]
    weights.write_text(json.dumps({"lm_weight": 0.6, "word_bonus": 2.0, "temperature": 3.0}))
    language = Language(*files, weights)
    engine = Engine(program, model, Decoding(), language)
    engine.decode(list(zip((split, other), outputs, strict=True)), None, 2)
    search = ["--lm", files[0], "--lexicon", files[1], "--lm-weight", 0.6, "--word-bonus", 2.0]
    plain = [program, "--json", "--list", *search, model]
    sure = [*plain[:3], "--alternatives", 20, "--temperature", 3.0, *plain[3:]]
    sounds = [read_sounds(cuts, tmp_path) for cuts in (split, other)]
    for number, output in enumerate(outputs):
        [words], _ = recognise(list(map(str, plain)), [sounds[number]], 1)
        assert {name: list(text) for name, text in read_hypotheses(output).items()} == words
        answers: list[dict[str, Answer]] = [{}]
        recognise(list(map(str, sure)), [sounds[number]], 1, answers)
        confidences = [word["confidence"] for one in answers[0].values() for word in one["words"]]
        found = Reliability.read(tmp_path / f"{'ab'[number]}.reliability.json")
        assert (found.temperature, found.words) == (3.0, len(confidences))
        assert found.right == 0, "the letter x is in no word of the lexicon"
        assert found.confidence == pytest.approx(np.mean(confidences), abs=1e-4)
        assert found.expected_calibration_error == pytest.approx(np.mean(confidences), abs=1e-3)
    assert 0.1 < found.confidence < 0.999


def test_no_word_has_no_confidence(program, made, files, split, tmp_path):
    """What an earlier run left is removed; without a language model there is none either."""
    _, model = made("lstm")
    weights, output = tmp_path / "weights.json", tmp_path / "test.hyp.txt"
    weights.write_text(json.dumps({"lm_weight": 0.6, "word_bonus": -1000.0}))
    left = tmp_path / "test.reliability.json"
    left.write_text("{}")
    language = Language(*files, weights)
    Engine(program, model, Decoding(), language).decode([(split, output)], None)
    assert not any(read_hypotheses(output).values())
    assert not left.exists()
    Engine(program, model, Decoding()).decode([(split, output)], None)
    assert any(read_hypotheses(output).values())
    assert not left.exists()


def test_what_the_engine_refuses_is_said(program, made, files, split, tmp_path):
    _, model = made("lstm")
    output = tmp_path / "test.hyp.txt"
    with pytest.raises(UserError, match="build the engine"):
        Engine(tmp_path, model, Decoding()).decode([(split, output)], split.parent)
    with pytest.raises(UserError, match="no GGUF file"):
        Engine(program, files[0], Decoding()).decode([(split, output)], split.parent)
    assert not output.exists()


@pytest.fixture
def other(split, tmp_path):
    """Another split: the same recordings in another order, one of them left out."""
    rows = read_jsonl(split)
    write_jsonl(tmp_path / "other.cuts.jsonl.gz", [rows[2], rows[0]])
    return tmp_path / "other.cuts.jsonl.gz"


@pytest.mark.parametrize("jobs", [1, 2, 3, 7])
def test_processes_share_splits_and_change_no_byte(program, made, split, other, tmp_path, jobs):
    _, model = made("lstm")
    engine, alone = Engine(program, model, Decoding()), [tmp_path / "a", tmp_path / "b"]
    for cuts, output in zip((split, other), alone, strict=True):
        engine.decode([(cuts, output)], None)
    together = [tmp_path / "together.a", tmp_path / "together.b"]
    said = engine.decode(list(zip((split, other), together, strict=True)), None, jobs)
    assert said.startswith("5 utterances, 9.0 s of audio")
    for one, output in zip(alone, together, strict=True):
        assert output.read_bytes() == one.read_bytes() and len(read_hypotheses(one)) > 1


def test_an_error_in_one_process_ends_all_and_writes_nothing(
    program, made, split, other, tmp_path, monkeypatch
):
    _, model = made("lstm")
    whole = Sound.write_wav

    def write(sound, path):
        if sound.utterance.id == "b":
            raise UserError("its recording is gone")
        whole(sound, path)

    monkeypatch.setattr(Sound, "write_wav", write)
    outputs = [tmp_path / "a", tmp_path / "b"]
    with pytest.raises(UserError, match="its recording is gone"):
        Engine(program, model, Decoding()).decode(
            list(zip((split, other), outputs, strict=True)), None, 2
        )
    assert not any(output.exists() for output in outputs)


def test_sound_is_what_lhotse_loads(split, sound, tmp_path):
    for one, cut in zip(read_sounds(split, split.parent), CutSet.from_file(split), strict=True):
        one.write_wav(tmp_path / "one.wav")
        loaded = cut.with_recording_path_prefix(split.parent).resample(16000).load_audio()[0]
        written, rate = soundfile.read(tmp_path / "one.wav", dtype="int16")
        assert rate == 16000
        assert np.array_equal(written, np.rint(loaded * 32768).clip(-32768, 32767))


def test_a_recording_that_is_gone_is_named(split, tmp_path):
    (tmp_path / "audio/one.flac").unlink()
    with pytest.raises(UserError, match=r"one\.flac does not exist"):
        read_sounds(split, split.parent)[0].write_wav(tmp_path / "one.wav")


def test_an_utterance_that_cannot_be_read_ends_the_split(
    program, made, split, tmp_path, monkeypatch
):
    """A file that a full disk cut off, for example; the engine itself would go on."""
    whole = Sound.write_wav

    def write(sound, path):
        whole(sound, path)
        if sound.utterance.id == "b":
            path.write_bytes(path.read_bytes()[:-1000])

    monkeypatch.setattr(Sound, "write_wav", write)
    output = tmp_path / "test.hyp.txt"
    with pytest.raises(UserError, match=r"utterance0\.wav is cut off"):
        Engine(program, made("lstm")[1], Decoding()).decode([(split, output)], split.parent)
    assert not output.exists()
