"""Streams with words of their own and alternatives; the program's formats."""

import json
import re
import subprocess

import pytest
from engine_library import same_in_any_chunks

OPTIONS = {"lm_weight": 0.6, "word_bonus": 2.0}
NEW = "hhgg"
"""A word that the lexicon lacks."""


@pytest.fixture(params=["lstm", "lstm_phones"])
def opened(request, engine, made, files, binary, phone_lexicon):
    """A model of characters or phones with its language model, and a new word's line."""
    phones = request.param == "lstm_phones"
    model = engine.open(made(request.param)[1])
    lexicon = phone_lexicon if phones else files[1]
    return model, model.language_model(binary, lexicon), f"{NEW}\t{'K AA' if phones else ''}\t40\n"


def test_words_are_one_streams_alone_and_go_again(opened, sound):
    model, lm, line = opened
    plain, other = (model.stream(lm=lm, **OPTIONS) for _ in range(2))
    plain.whole(sound)
    other.set_words(line)
    other.whole(sound)
    assert NEW in other.text.split()
    assert NEW not in plain.text
    fresh = model.stream(lm=lm, **OPTIONS)
    fresh.whole(sound)
    assert (fresh.text, fresh.words, fresh.score) == (plain.text, plain.words, plain.score)
    first = other.text
    other.restart()
    other.whole(sound)
    assert other.text == first
    other.restart()
    other.set_words(None)
    other.whole(sound)
    assert (other.text, other.score) == (plain.text, plain.score)


def test_words_that_boost_nothing_change_no_word(opened, sound):
    """A word far below all others takes its places in the beam, no more."""
    model, lm, line = opened
    plain, other = (model.stream(lm=lm, beam=2000, **OPTIONS) for _ in range(2))
    plain.whole(sound)
    other.set_words(line.replace("40", "-50"))
    other.whole(sound)
    assert (other.text, other.words) == (plain.text, plain.words)
    assert other.score == pytest.approx(plain.score, abs=1e-6)


def test_words_come_before_sound_and_with_a_language_model(opened, sound):
    model, lm, line = opened
    stream = model.stream(lm=lm, **OPTIONS)
    stream.accept(sound[:1600])
    with pytest.raises(ValueError, match="before the first sound"):
        stream.set_words(line)
    with pytest.raises(ValueError, match="need a language model"):
        model.stream().set_words(line)
    kept = model.stream(lm=lm, **OPTIONS)
    kept.set_words(line)
    with pytest.raises(ValueError, match="line 1 has the boost `x`"):
        kept.set_words("a\t\tx\n")
    kept.whole(sound)
    assert NEW in kept.text.split(), "it keeps the words that it had"


def test_alternatives_change_no_word_and_begin_with_the_text(opened, sound):
    model, lm, _ = opened
    plain = model.stream(lm=lm, **OPTIONS)
    plain.whole(sound)
    assert set(plain.confidences) == {-1.0}
    assert plain.alternatives == []
    stream = model.stream(lm=lm, alternatives=20, **OPTIONS)
    stream.accept(sound[: len(sound) // 2])
    assert set(stream.confidences) <= {-1.0}
    stream.accept(sound[len(sound) // 2 :])
    stream.finish()
    assert (stream.text, stream.words, stream.score) == (plain.text, plain.words, plain.score)
    texts = [text for text, _, _ in stream.alternatives]
    scores = [score for _, score, _ in stream.alternatives]
    assert texts[0] == stream.text
    assert len(set(texts)) == len(texts) == 20
    assert scores == sorted(scores, reverse=True)
    assert scores[0] == stream.score
    assert 0 < sum(posterior for _, _, posterior in stream.alternatives) <= 1.0
    assert all(0 < one <= 1 for one in stream.confidences)
    assert min(stream.confidences[: len(stream.confidences) // 2]) < 1, "early words too"
    flat = model.stream(lm=lm, alternatives=1, temperature=50.0, **OPTIONS)
    flat.whole(sound)
    assert flat.alternatives[0][2] < stream.alternatives[0][2]
    assert flat.confidences != stream.confidences
    again = same_in_any_chunks(model, lm, sound, alternatives=5, **OPTIONS)
    assert again.text == plain.text


@pytest.mark.parametrize(
    "options",
    [
        {"alternatives": -1},
        {"alternatives": 101},
        {"temperature": 0.0},
        {"temperature": float("nan")},
    ],
)
def test_options_out_of_range_are_refused_by_name(opened, options):
    model, lm, _ = opened
    with pytest.raises(ValueError, match=f"{next(iter(options))} must be"):
        model.stream(lm=lm, **options)


@pytest.fixture
def program(build, made, files, binary, sound):
    """Recognise the sound from standard input; return status, output and complaints."""

    def run(*options, language=True):
        command = [build("sanitize") / "engine/schatten-recognize", *options]
        if language:
            command += ["--lm", binary, "--lexicon", files[1], "--lm-weight", 0.6]
            command += ["--word-bonus", 2]
        command.append(made("lstm")[1])
        done = subprocess.run(
            list(map(str, command)), check=False, input=sound.tobytes(), capture_output=True
        )
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    return run


def test_formats_hold_the_same_words(program, tmp_path):
    status, plain, _ = program("--format", "text")
    assert (status, plain) == (
        0,
        program()[1].rpartition("audio")[0] + plain[plain.rindex("audio") :],
    )
    text = plain.splitlines()[0]
    words = tmp_path / "words"
    words.write_text(f"{NEW}\t\t40\n")
    _, said, _ = program("--json", "--alternatives", 3, "--words", words, "--temperature", 2)
    found = json.loads(said.splitlines()[0])
    assert NEW in found["text"].split()
    assert found["alternatives"][0]["text"] == found["text"]
    assert len(found["alternatives"]) == 3
    assert all(0 <= word["confidence"] <= 1 for word in found["words"])
    assert "confidence" not in program("--json")[1]
    for name, point, begin in (("srt", ",", "1\n00:00:0"), ("vtt", ".", "WEBVTT\n\n00:00:0")):
        status, shown, complaints = program("--format", name)
        assert status == 0
        assert shown.startswith(begin)
        assert "RTF" in complaints
        time = rf"\d\d:\d\d:\d\d\{point}\d\d\d"
        cues = re.findall(rf"^{time} --> {time}\n(.+?)\n\n", shown, re.DOTALL | re.MULTILINE)
        assert " ".join(" ".join(cues).split()) == text
        assert all(len(line) <= 42 for cue in cues for line in cue.splitlines())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--format", "xml"), "--format is text, json, srt or vtt, not `xml`"),
        (("--format", "srt", "--list"), "take one recording"),
        (("--alternatives", 3), "--alternatives needs --lm and --lexicon, and --format json"),
        (("--json", "--alternatives", 0), "--alternatives needs a number from 1 to 100"),
        (("--words", "nowhere.tsv"), "nowhere.tsv cannot be opened: give a file of words"),
        (("--words", "/dev/null"), "/dev/null: it holds no word"),
    ],
)
def test_wrong_options_are_said_in_one_sentence(program, options, message):
    status, said, complaints = program(*options)
    assert (status, said) == (1, "")
    assert message in complaints
    assert complaints.count("\n") == 1


def test_words_and_alternatives_need_a_language_model(program):
    for options in (("--words", "a"), ("--json", "--alternatives", 2)):
        status, _, complaints = program(*options, language=False)
        assert status == 1
        assert f"{options[-2]} needs --lm and --lexicon" in complaints
