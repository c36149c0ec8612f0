"""A stream that listens for long: what it hears in silence, and when an utterance ends."""

import numpy as np
import pytest
from engine_library import Engine
from small_models import ALPHABET, KINDS, make

from schatten import models
from schatten.export.run import export
from schatten.recipe.models import Lstm
from schatten.units import characters

SECOND = 16000
WEIGHTS = {"lm_weight": 0.6, "word_bonus": 0.0}


def exported(model, folder):
    """Write a model for the engine; returns its path."""
    models.save(model, folder / "model.pt")
    export(folder / "model.pt", "fp32", folder / "model.gguf")
    return folder / "model.gguf"


@pytest.fixture
def noisy(engine: Engine, tmp_path):
    """A model to which all sound is faint noise: one frame in ten might hold some letter."""
    model = KINDS["lstm"]()
    model.output.weight.data.zero_()
    model.output.bias.data.zero_()
    model.output.bias.data[0] = float(np.log(9 * (len(model.units.names) - 1)))
    return engine.open(exported(model, tmp_path))


def test_a_listener_that_idles_hears_no_words(noisy, files):
    """In a minute the ways to find a letter outweigh finding none, unless it begins anew."""
    lm = noisy.language_model(*files)
    minute = np.zeros(60 * SECOND, dtype=np.int16)
    collecting = noisy.stream(lm=lm, **WEIGHTS)
    collecting.whole(minute)
    assert collecting.words, "a search that never begins anew does hear words here"

    stream = noisy.stream(lm=lm, silence_seconds=0.5, **WEIGHTS)
    for start in range(0, len(minute), 1600):
        assert stream.accept(minute[start : start + 1600]) == 1600
        assert (stream.text, stream.ended) == ("", 0)
    stream.finish()
    assert stream.text == ""


def test_an_utterance_ends_whose_letters_the_best_path_has_not(engine, files, sound, tmp_path):
    """The search finds words where the best path of letters is silent: its own last word counts."""
    model = KINDS["lstm"]()
    quiet = np.concatenate([sound, np.zeros(20 * SECOND, dtype=np.int16)])
    probe = engine.open(exported(model, tmp_path)).stream()
    _, frames = probe.whole(quiet)
    margin = frames[:, 1:].max(axis=1) - frames[:, 0]
    model.output.weight.data *= 4
    model.output.bias.data *= 4
    model.output.bias.data[0] += 4 * float(margin.max()) + 0.2
    opened = engine.open(exported(model, tmp_path))
    stream = opened.stream(
        lm=opened.language_model(*files), silence_seconds=0.6, lm_weight=0.3, word_bonus=2.0
    )
    used = stream.accept(quiet)
    letters = np.array(stream.logprobs).argmax(axis=1)
    assert set(letters.tolist()) <= {0, 1}, "the best path has no letter"
    assert stream.ended
    assert stream.text
    assert used < len(quiet)


@pytest.mark.parametrize("phones", [False, True])
def test_text_that_grows_is_the_text_anew(
    engine, made, files, binary, phone_lexicon, sound, phones
):
    """Words that are shown already are not written again: none of them may be out of date."""
    model = engine.open(made("lstm_phones" if phones else "lstm")[1])
    lm = model.language_model(binary if phones else files[0], phone_lexicon if phones else files[1])
    stream = model.stream(lm=lm, **WEIGHTS | {"word_bonus": 2.0})
    for end in range(1600, len(sound) + 1, 1600):
        stream.accept(sound[end - 1600 : end])
        fresh = model.stream(lm=lm, **WEIGHTS | {"word_bonus": 2.0})
        fresh.accept(sound[:end])
        assert (stream.text, stream.words) == (fresh.text, fresh.words)
    assert len(stream.words) > 3


def test_a_language_model_of_another_models_units_is_refused(engine, made, files, tmp_path):
    lm = engine.open(made("lstm")[1]).language_model(*files)
    phones = engine.open(made("lstm_phones")[1])
    with pytest.raises(ValueError, match="opened for a model of other units"):
        phones.stream(lm=lm)
    other = make(Lstm(type="lstm", lstm=(20, 24)), units=characters(ALPHABET[:-1]))
    with pytest.raises(ValueError, match="opened for a model of other units"):
        engine.open(exported(other, tmp_path)).stream(lm=lm)


@pytest.mark.parametrize(
    "option",
    [
        *({"word_bonus": value} for value in (np.nan, np.inf)),
        *({"lm_weight": value} for value in (np.nan, np.inf)),
        *({name: np.nan} for name in ("beam_threshold", "silence_seconds", "maximum_seconds")),
    ],
)
def test_weights_that_are_no_numbers_are_refused(engine, made, files, option):
    model = engine.open(made("lstm")[1])
    with pytest.raises(ValueError, match="must be"):
        model.stream(lm=model.language_model(*files), **option)


def test_a_byte_order_mark_and_windows_line_ends_change_no_word(
    engine, made, files, sound, tmp_path
):
    model = engine.open(made("lstm")[1])
    first = files[1].read_text().splitlines()[0]
    lexicon = tmp_path / "lexicon"
    lexicon.write_bytes(f"\ufeff{first}\r\n".encode())
    stream = model.stream(lm=model.language_model(files[0], lexicon), word_bonus=9.0)
    stream.whole(sound)
    assert set(stream.text.split()) == {first.partition("\t")[0]}


def test_a_lexicon_that_was_cut_in_a_words_second_line_is_refused(engine, made, files, tmp_path):
    """A cut spelling would be another pronunciation of a word."""
    model = engine.open(made("lstm")[1])
    lexicon = tmp_path / "lexicon"
    lexicon.write_text("ab\ta b\nab\ta")
    with pytest.raises(ValueError, match="line 2 does not end: the lexicon was cut short"):
        model.language_model(files[0], lexicon)
