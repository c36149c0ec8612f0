"""The Python package beside its extension module: bundles, chunks, endpoints, both commands."""

import importlib
import json
import os
import re
import signal
import subprocess

import numpy as np
import pytest
import soundfile
from python_binding import package
from typer.testing import CliRunner

from schatten.bundles import search_options
from schatten.cli import app


@pytest.fixture
def schatten_engine(engine, monkeypatch):
    return package(engine, monkeypatch)


@pytest.fixture
def main(schatten_engine):
    return importlib.import_module("schatten_engine.__main__").main


@pytest.fixture
def query(sound, tmp_path):
    path = tmp_path / "query.wav"
    soundfile.write(path, sound, 16000)
    return path


@pytest.fixture
def told(bundled, build, query):
    """What the program says of the query with a bundle: its JSON objects, but the last line."""

    def tell(*options):
        program = build("shared") / "engine/schatten-recognize"
        command = [bundled / "recognize.sh", "--json", *options, query]
        environment = {**os.environ, "SCHATTEN_RECOGNIZE": str(program)}
        said = subprocess.run(command, check=True, capture_output=True, env=environment).stdout
        return [json.loads(line) for line in said.splitlines()[:-1]]

    return tell


def as_json(utterance):
    words = [
        {"word": word.text, "start": round(word.start, 3), "end": round(word.end, 3)}
        for word in utterance.words
    ]
    return utterance.text, words


@pytest.mark.parametrize("chunk", [160, 1777, 10**6])
def test_words_are_those_of_the_program(schatten_engine, bundled, told, sound, chunk):
    expected = [(line["text"], line["words"]) for line in told("--silence", "0.1")]
    assert len(expected) > 1 and expected[0][0], "endpoints lie within the sound"
    recognizer = schatten_engine.Recognizer(bundled)
    for samples in (sound, (sound / 32768).astype(np.float32)):
        stream = recognizer.stream(silence=0.1)
        found = []
        for start in range(0, len(samples), chunk):
            found += stream.accept(samples[start : start + chunk])
        found.append(stream.finish())
        assert [as_json(one) for one in found if one.words or one is found[-1]] == expected


def test_a_whole_file_is_one_utterance(schatten_engine, bundled, told, sound, query):
    recognizer = schatten_engine.Recognizer(str(bundled))
    found = recognizer.recognize_file(query)
    assert [as_json(found)] == [(line["text"], line["words"]) for line in told()]
    assert found == recognizer.recognize(sound)
    assert np.isfinite(found.score) and found.score != 0


def test_text_grows_and_streams_are_independent(schatten_engine, bundled, sound):
    recognizer = schatten_engine.Recognizer(bundled)
    first, second = recognizer.stream(), recognizer.stream()
    first.accept(sound[:16000])
    assert first.text == first.utterance.text == " ".join(word.text for word in first.words)
    assert second.text == "" and second.words == ()
    assert first.finish().text and first.text == ""
    first.accept(sound)
    again = first.finish()
    assert again.words[0].start >= 1.0, "times count from the start of the stream"
    assert again.text == recognizer.recognize(sound).text
    assert first.statistics.audio_seconds == 3.0


def test_weights_are_the_bundles_unless_others_are_given(schatten_engine, bundled):
    recognizer = schatten_engine.Recognizer(bundled)
    manifest = json.loads((bundled / "manifest.json").read_text())
    assert recognizer.search == {"temperature": 1.0, **manifest["search"]}
    other = schatten_engine.Recognizer(bundled, lm_weight=0.1)
    assert other.search == {**recognizer.search, "lm_weight": 0.1}
    with pytest.raises(TypeError, match="lm_wait: no such setting; there are lm_weight, "):
        schatten_engine.Recognizer(bundled, lm_wait=1)
    assert recognizer.info.units[:2] == ("<blank>", " ") and recognizer.info.is_int8


def test_words_have_confidences_and_texts_have_rivals(schatten_engine, bundled, told, sound):
    [line] = told("--alternatives", "3")
    stream = schatten_engine.Recognizer(bundled).stream(alternatives=3)
    stream.accept(sound)
    assert stream.words[0].confidence is None and stream.utterance.alternatives == ()
    found = stream.finish()
    assert [(one.text, round(one.posterior, 3)) for one in found.alternatives] == [
        (one["text"], round(one["posterior"], 3)) for one in line["alternatives"]
    ]
    assert found.alternatives[0].text == found.text
    assert all(0 < word.confidence <= 1 for word in found.words)


def test_a_stream_has_words_of_its_own(schatten_engine, bundled, sound):
    recognizer = schatten_engine.Recognizer(bundled)
    known = recognizer.recognize(sound).words[0].text
    damped = recognizer.stream(words=f"{known}\t\t-50\n")
    damped.accept(sound)
    assert known not in [word.text for word in damped.finish().words]
    damped.set_words(None)
    damped.accept(sound)
    assert known in [word.text for word in damped.finish().words]
    with pytest.raises(schatten_engine.EngineError, match="line 1"):
        recognizer.stream(words=f"{known}\t\tloud\n")


def test_both_evaluations_agree(main, bundled, build, sound, tmp_path, capfd):
    folder = tmp_path / "mine"
    folder.mkdir()
    rows = ["path\ttext"]
    for number, start in enumerate((0, 5000, 9000, 12000)):
        soundfile.write(folder / f"{number}.wav", sound[start:], 16000)
        rows.append(f"{number}.wav\tDA G, agc!")
    (folder / "transcripts.tsv").write_text("".join(f"{row}\n" for row in rows))
    assert main(["evaluate", str(bundled), str(folder)]) == 0
    *_, last = capfd.readouterr().out.splitlines()
    program = build("shared") / "engine/schatten-recognize"
    out = tmp_path / "out"
    run = ["evaluate", bundled, folder, "--program", program, "--output", out]
    said = CliRunner().invoke(app, [str(one) for one in run]).stdout
    rate, interval = re.match(r"WER (\S+) % \(95 % interval (\S+ to \S+) with", last).groups()
    assert float(rate) > 0
    assert said.startswith(f"WER {rate} % (95 % interval {interval} with utterances drawn)")
    (folder / "transcripts.tsv").write_text("path,text\n")
    assert main(["evaluate", str(bundled), str(folder)]) == 1
    assert "has no columns path and text" in capfd.readouterr().err


def test_a_language_without_spaces_is_compared_by_characters(schatten_engine, tmp_path):
    module = importlib.import_module("schatten_engine.evaluate")
    (tmp_path / "lexicon.txt").write_text("\u4f60\ta\n\u597d\tb\n")
    (tmp_path / "transcripts.tsv").write_text("path\ttext\none.wav\t\u4f60\u597d\u3002\n")
    found = module.evaluate(lambda _: "\u4f60 \u597d", tmp_path, tmp_path)
    assert [one.heard for one in found.recordings] == [("\u4f60", "\u597d")]


def test_the_script_searches_with_the_manifests_very_numbers():
    weights = {"lm_weight": 0.12345678901, "word_bonus": 2.0, "beam": 200, "beam_threshold": 25.5}
    texts = search_options(weights)
    assert texts[2:] == ["--word-bonus", "2", "--beam", "200", "--beam-threshold", "25.5"]
    assert float(texts[1]) == weights["lm_weight"]


def test_files_without_a_bundle(schatten_engine, made, files, binary, sound, tmp_path):
    model = made("lstm", "int8")[1]
    bare = schatten_engine.Recognizer.from_files(model)
    assert bare.recognize(sound).score == 0
    words = schatten_engine.Recognizer.from_files(model, lm=binary, lexicon=files[1])
    vocabulary = {line.split("\t")[0] for line in files[1].read_text().splitlines()}
    assert {word.text for word in words.recognize(sound).words} <= vocabulary
    with pytest.raises(ValueError, match="lm and lexicon go together"):
        schatten_engine.Recognizer.from_files(model, lm=binary)
    strange = tmp_path / "lexicon"
    known = files[1].read_text().splitlines()[0]
    strange.write_text(f"{known}\nnever\ta b\nheard\ta c\n")
    with pytest.warns(UserWarning, match="knows 1 of the 3 words of .*lexicon"):
        schatten_engine.Recognizer.from_files(model, lm=binary, lexicon=strange)


@pytest.mark.parametrize(
    ("samples", "error", "message"),
    [
        (np.zeros(9), TypeError, r"samples are float64, and must be int16, or float32"),
        (np.zeros((9, 2), np.int16), ValueError, r"shape \(9, 2\), and must be one channel"),
        ([0, 1], TypeError, "samples are int64"),
        (np.zeros(9, ">i2"), TypeError, "samples are >i2"),
    ],
)
def test_other_samples_are_refused(schatten_engine, bundled, samples, error, message):
    stream = schatten_engine.Recognizer(bundled).stream()
    with pytest.raises(error, match=message):
        stream.accept(samples)


def test_after_samples_of_another_scale_a_new_utterance_begins(schatten_engine, bundled, sound):
    recognizer = schatten_engine.Recognizer(bundled)
    stream = recognizer.stream()
    with pytest.raises(schatten_engine.EngineError, match="divide samples that are 16-bit"):
        stream.accept(sound.astype(np.float32))
    stream.accept(sound)
    assert stream.finish().text == recognizer.recognize(sound).text


def test_bundles_that_are_damaged_are_refused(schatten_engine, bundled, tmp_path):
    def refused(message):
        with pytest.raises(schatten_engine.EngineError, match=message):
            schatten_engine.Recognizer(bundled)

    path = bundled / "manifest.json"
    whole = json.loads(path.read_text())
    for change, message in (
        ({"schatten_bundle": 3}, "is of a later version: install a newer"),
        ({"search": {**whole["search"], "rescore": 1}}, "is of a later version"),
        ({"search": {**whole["search"], "beam": "200"}}, "settings that are no numbers"),
        ({"search": None}, r"is no bundle, as its manifest\.json is missing or damaged"),
    ):
        path.write_text(json.dumps({**whole, **change}))
        refused(message)
    path.write_text(json.dumps(whole))
    for name in ("model.gguf", "lm.bin", "lexicon.txt"):
        data = (bundled / name).read_bytes()
        (bundled / name).write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        refused(f"{name} is not the file that .*its SHA-256 is another")
        (bundled / name).write_bytes(data)
    path.unlink()
    refused("is no bundle")


def test_files_are_recognised_by_the_command(main, bundled, told, query, tmp_path, capsys):
    (tmp_path / "notes.txt").write_text("no sound\n")
    files = [str(query), str(tmp_path / "notes.txt"), str(query)]
    assert main(["recognize", str(bundled), *files]) == 1
    said = capsys.readouterr()
    [line] = [f"{query} {line['text']}" for line in told()]
    assert said.out.splitlines() == [line, line]
    assert said.err == f"schatten_engine: {tmp_path}/notes.txt is no recording\n"
    assert main(["recognize", "--json", "--silence", "0.1", str(bundled), files[0]]) == 0
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == told(
        "--silence", "0.1"
    )
    assert main(["recognize", "--json", str(bundled), files[1]]) == 1
    assert json.loads(capsys.readouterr().out)["error"].endswith("is no recording")
    assert main(["recognize", str(tmp_path), files[0]]) == 1
    assert capsys.readouterr().err.startswith(f"schatten_engine: {tmp_path} is no bundle")


def test_a_microphone_is_heard_until_ctrl_c(
    schatten_engine, main, bundled, recorder, sound, tmp_path, capsys
):
    longer = np.concatenate([sound, sound])  # than a pipe holds: when it is written, we listen
    (tmp_path / "raw").write_bytes(longer.tobytes() + b"\0")
    arguments = recorder(f"cat {tmp_path}/raw; kill -INT $PPID; exec sleep 60")
    # A shell's background job ignores Ctrl-C, and so would the command.
    ours = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        assert main(["mic", str(bundled), "--silence", "0", "--device", "hw:1"]) == 0
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, ours)
    heard = capsys.readouterr().out.splitlines()
    assert heard == [schatten_engine.Recognizer(bundled).recognize(longer).text]
    assert arguments.read_text() == "-q -t raw -r 16000 -c 1 -f S16_LE -D hw:1\n"


def test_a_microphone_that_cannot_be_heard_is_said(main, bundled, recorder, monkeypatch, capsys):
    recorder("echo 'arecord: main: audio open error: No such file or directory' >&2; exit 1")
    assert main(["mic", str(bundled)]) == 1
    assert "arecord cannot record (arecord: main: audio open error" in capsys.readouterr().err
    monkeypatch.setenv("PATH", "")
    assert main(["mic", str(bundled)]) == 1
    assert "run `sudo apt-get install alsa-utils`" in capsys.readouterr().err
