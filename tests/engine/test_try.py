"""`schatten try`: files of any form, a microphone, text that grows on a terminal."""

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from schatten.cli.live import app
from schatten.device import live
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
