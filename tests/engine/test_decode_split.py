"""`schatten recognize`: a split of sound through the engine in one process."""

import json

import numpy as np
import pytest

from schatten.decode import engine as decode
from schatten.decode.engine import Engine, Language
from schatten.errors import UserError
from schatten.recipe.decoding import Decoding
from schatten.transcripts import read_hypotheses


@pytest.fixture
def program(build):
    return build("shared") / "engine/schatten-recognize"


@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_words_are_those_of_the_streams(engine, program, made, split, sound, tmp_path, precision):
    _, model = made("lstm", precision)
    output = tmp_path / "test.hyp.txt"
    said = Engine(program, model, Decoding()).decode(split, split.parent, output)
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
    Engine(program, model, settings, language).decode(split, split.parent, output)
    opened = engine.open(model)
    options = {"lm_weight": 0.6, "word_bonus": 2.0, **settings.model_dump(include={"beam"})}
    options |= {"beam_threshold": 12.0, "token_beam": 6}
    stream = opened.stream(lm=opened.language_model(arpa, lexicon), **options)
    stream.whole(np.asarray(sound))
    assert read_hypotheses(output)["a"] == tuple(stream.text.split())


def test_what_the_engine_refuses_is_said(program, made, files, split, tmp_path):
    _, model = made("lstm")
    output = tmp_path / "test.hyp.txt"
    with pytest.raises(UserError, match="build the engine"):
        Engine(tmp_path, model, Decoding()).decode(split, split.parent, output)
    with pytest.raises(UserError, match="no GGUF file"):
        Engine(program, files[0], Decoding()).decode(split, split.parent, output)
    assert not output.exists()


def test_an_utterance_that_cannot_be_read_ends_the_split(
    program, made, split, tmp_path, monkeypatch
):
    """A file that a full disk cut off, for example; the engine itself would go on."""
    whole = decode.write_wav

    def write(cut, path):
        whole(cut, path)
        if cut.id == "b-cut":
            path.write_bytes(path.read_bytes()[:-1000])

    monkeypatch.setattr(decode, "write_wav", write)
    output = tmp_path / "test.hyp.txt"
    with pytest.raises(UserError, match=r"utterance\.wav is cut off"):
        Engine(program, made("lstm")[1], Decoding()).decode(split, split.parent, output)
    assert not output.exists()
