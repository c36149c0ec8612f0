"""`schatten try`: files of any form, a microphone, text that grows on a terminal."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from schatten.artifacts import Gate
from schatten.cli.live import app
from schatten.device import gate, live
from schatten.errors import UserError


@pytest.fixture
def recognizer(build, made):
    program = build("shared") / "engine/schatten-recognize"
    return live.of_model(made("lstm")[1], program)


def test_the_name_of_a_file_says_nothing_of_its_form(sound, tmp_path):
    soundfile.write(tmp_path / "talk.wav", sound, 16000)
    (tmp_path / "talk.wav").rename(tmp_path / "talk.raw")
    assert live.is_read_by_engine(tmp_path / "talk.raw")


def test_files_of_any_form_have_the_words_of_the_plain_one(recognizer, sound, tmp_path, capfd):
    soundfile.write(tmp_path / "plain.wav", sound, 16000)
    soundfile.write(tmp_path / "my query.flac", np.stack([sound, sound], axis=1), 16000)
    soundfile.write(tmp_path / "high.wav", np.repeat(sound, 3), 48000, "PCM_24")
    soundfile.write(tmp_path / "other.aiff", sound, 16000)
    soundfile.write(tmp_path / "big.wav", sound, 16000, endian="BIG")
    names = ["plain.wav", "my query.flac", "other.aiff", "big.wav", "plain.wav", "high.wav"]
    names = [tmp_path / name for name in names]
    assert [live.is_read_by_engine(name) for name in names] == [1, 1, 0, 0, 1, 1]
    assert live.recognise_files(recognizer, names)
    said = capfd.readouterr()
    *lines, speed = said.out.splitlines()
    assert all(line.startswith(f"{name} ") for line, name in zip(lines, names, strict=True))
    texts = [line[len(str(name)) :] for line, name in zip(lines, names, strict=True)]
    assert texts[0].strip() and set(texts[:5]) == {texts[0]}
    assert speed.startswith(f"audio {6 * len(sound) / 16000:.2f} s, computed in ")
    assert said.err.startswith(
        f"schatten-recognize: {names[1]} has 2 channels: their mean is heard"
    )


def test_a_file_that_cannot_be_read_is_named(recognizer, tmp_path):
    (tmp_path / "notes.txt").write_text("no sound\n")
    with pytest.raises(UserError, match=r"notes\.txt"):
        live.recognise_files(recognizer, [tmp_path / "notes.txt"])


def test_a_microphone_is_heard_as_a_file_is(recognizer, recorder, sound, tmp_path, capfd):
    (tmp_path / "raw").write_bytes(sound.tobytes())
    arguments = recorder(f"cat {tmp_path}/raw")
    soundfile.write(tmp_path / "plain.wav", sound, 16000)
    assert live.recognise_files(recognizer, [tmp_path / "plain.wav"])
    text = capfd.readouterr().out.splitlines()[0].removeprefix(f"{tmp_path}/plain.wav ")
    assert live.listen(recognizer, "hw:1", 60.0)
    assert capfd.readouterr().out.splitlines()[0] == text
    assert arguments.read_text() == "-q -t raw -r 16000 -c 1 -f S16_LE -D hw:1\n"


def test_a_recorder_that_fails_says_why(recognizer, recorder):
    recorder("echo 'arecord: main: audio open error: No such file or directory' >&2; exit 1")
    with pytest.raises(UserError, match=r"audio open error.*--microphone"):
        live.listen(recognizer, None, 0.8)


@pytest.mark.parametrize("name", [None, "nowhere"])
def test_without_a_recorder_the_engine_opens_the_microphone(
    recognizer, monkeypatch, capfd, name, tmp_path
):
    """Here it finds none: its reason is shown."""
    monkeypatch.setenv("PATH", "")
    (tmp_path / "asound.conf").write_text("")
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(tmp_path / "asound.conf"))
    assert not live.listen(recognizer, name, 0.8)
    said = capfd.readouterr().err
    microphone = "the microphone" if name is None else f"the microphone {name}"
    assert said.startswith(f"schatten-recognize: {microphone} cannot be heard")


def test_text_grows_in_its_line(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "20")
    lines = ["... call\n", "... call the whole family\n", "call the family\n", "audio 2 s\n"]
    live._show(lines, lambda text: text)  # type: ignore[arg-type]
    clear = "\r\x1b[K"
    shown = f"call{clear}...the whole family{clear}call the family\naudio 2 s\n"
    assert capsys.readouterr().out == shown


def test_a_bundle_is_named_or_found(bundled, build, tmp_path):
    program = build("shared") / "engine/schatten-recognize"
    soundfile.write(tmp_path / "query.wav", np.zeros(16000, np.int16), 16000)
    run = ["try", "--bundle", str(bundled), "--program", str(program), str(tmp_path / "query.wav")]
    done = CliRunner().invoke(app, run)
    assert done.exit_code == 0, done.output
    with pytest.raises(UserError, match=r"manifest\.json does not exist"):
        live.of_bundle(tmp_path, program)
    with pytest.raises(UserError, match=r"is not built: run scripts/build_engine\.sh"):
        live.of_bundle(bundled, tmp_path / "nowhere")


def test_words_of_ones_own_and_the_gate_go_to_the_engine(
    bundled, build, sound, recorder, tmp_path, monkeypatch, capfd
):
    """The names are relative to where the user is, who hears files elsewhere."""
    program = build("shared") / "engine/schatten-recognize"
    recognizer = live.of_bundle(bundled, program)
    soundfile.write(tmp_path / "query.wav", sound, 16000)
    monkeypatch.chdir(tmp_path)

    def said(extras):
        assert live.recognise_files(recognizer, [Path("query.wav")], extras)
        return capfd.readouterr().out.splitlines()[0].removeprefix("query.wav").strip()

    plain = said(live.Extras())
    own = next(word for word in ("abab", "babb", "baba") if word not in plain.split())
    (tmp_path / "words.tsv").write_text(f"{own}\t\t30\n")
    assert own in said(live.Extras(Path("words.tsv"))).split()
    gate.keep(bundled, Gate(decibels=8.0, evidence=1.0))
    assert said(live.Extras()) == plain != ""
    assert said(live.Extras(gate=True)) == ""
    (tmp_path / "raw").write_bytes(sound.tobytes())
    recorder(f"cat {tmp_path}/raw")
    assert live.listen(recognizer, None, 60.0, live.Extras(Path("words.tsv")))
    assert own in capfd.readouterr().out.splitlines()[0].split()
    with pytest.raises(UserError, match=r"none\.tsv does not exist: `schatten pronounce`"):
        live.recognise_files(recognizer, [Path("query.wav")], live.Extras(Path("none.tsv")))


def test_the_verb_takes_words_and_the_gate(bundled, build, sound, tmp_path):
    program = build("shared") / "engine/schatten-recognize"
    soundfile.write(tmp_path / "query.wav", sound, 16000)
    (tmp_path / "words.tsv").write_text("!\n")
    gate.keep(bundled, Gate(decibels=8.0, evidence=1.0))
    run = ["try", "--bundle", str(bundled), "--program", str(program), str(tmp_path / "query.wav")]
    heard = [CliRunner().invoke(app, [*run, *options]) for options in ([], ["--gate"])]
    assert [done.exit_code for done in heard] == [0, 0]
    texts = [done.stdout.splitlines()[0].removeprefix(run[-1]).strip() for done in heard]
    assert texts[0] and texts[1] == ""
    done = CliRunner().invoke(app, [*run, "--words", str(tmp_path / "words.tsv")])
    assert done.exit_code == 1
    assert "words.tsv: line 1 has `!`, but the model writes no" in done.stderr
