"""The program schatten-recognize, built with sanitizers: its output, and what it refuses."""

import json
import os
import struct
import subprocess
import wave
from pathlib import Path

import numpy as np
import pytest


def wav(path, samples, rate=16000, channels=1, width=2):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(samples.astype(f"<i{width}").tobytes())
    return path


@pytest.fixture
def recognize(build):
    program = build("sanitize") / "engine/schatten-recognize"

    def run(*arguments, stdin=b""):
        command = [str(program), *map(str, arguments)]
        return subprocess.run(command, check=False, input=stdin, capture_output=True)

    return run


def refused(done):
    message = done.stderr.decode()
    assert done.returncode == 1, message
    assert message.startswith("schatten-recognize: ")
    assert message.count("\n") == 1
    return message


def test_files_and_raw_sound_give_the_same_words(recognize, engine, made, sound, tmp_path):
    _, model = made("lstm")
    stream = engine.open(model).stream()
    stream.whole(sound)
    files = [wav(tmp_path / "a.wav", sound), wav(tmp_path / "b.wav", sound[:9000])]
    first, second, last = map(
        json.loads, recognize("--json", model, *files).stdout.decode().splitlines()
    )
    assert first["text"] == stream.text
    assert first["file"] == str(files[0])
    assert [word["word"] for word in first["words"]] == [word for word, _, _ in stream.words]
    assert first["words"][0]["start"] == pytest.approx(stream.words[0][1], abs=1e-3)
    assert last["audio_seconds"] == pytest.approx((len(sound) + 9000) / 16000, abs=1e-3)
    assert 0 < last["acoustic_share"] < 1
    assert second["words"] == [] or second["words"][0]["start"] >= len(sound) / 16000
    raw = recognize(model, stdin=sound.tobytes()).stdout.decode().splitlines()
    assert raw[0] == stream.text
    assert raw[1].startswith(f"audio {len(sound) / 16000:.2f} s, computed in ")


def test_the_last_line_counts_utterances_that_endpoints_end(recognize, made, sound, tmp_path):
    """Times are means over the utterances that were printed, however they ended."""
    _, model = made("lstm")
    quiet = np.concatenate([sound, np.zeros(4000, np.int16)])
    for arguments, stdin in (((), quiet.tobytes()), ((wav(tmp_path / "a.wav", quiet),), b"")):
        done = recognize("--json", "--maximum", 0.5, model, *arguments, stdin=stdin)
        *utterances, last = map(json.loads, done.stdout.decode().splitlines())
        assert len(utterances) > 2
        assert last["utterances"] == len(utterances)
        assert 0 < last["final_seconds"] <= last["compute_seconds"]
    said = recognize(model, stdin=b"").stdout.decode()
    assert "final text 0.000000 s after the last sample (mean of 0 utterances)" in said


def test_partial_results_grow_into_the_text(recognize, made, sound, tmp_path):
    _, model = made("lstm")
    done = recognize("--partial", model, stdin=sound.tobytes())
    shown = [line.removeprefix("... ") for line in done.stderr.decode().splitlines()]
    text = done.stdout.decode().splitlines()[0]
    assert shown
    assert all(text.startswith(partial) for partial in shown)


@pytest.mark.parametrize("length", [0, 1, 100])
def test_hardly_any_sound(recognize, made, sound, tmp_path, length):
    path = wav(tmp_path / "short.wav", sound[:length])
    done = recognize("--json", made("dense", "int8")[1], path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.decode().splitlines()[0])["text"] is not None


def test_damaged_wav_files_arerefused(recognize, made, sound, tmp_path):
    model = made("dense")[1]
    whole = wav(tmp_path / "whole.wav", sound[:4000]).read_bytes()
    broken = tmp_path / "broken.wav"
    for size in (0, 3, 11, 12, 19, 20, 35, 43, 44, 100, len(whole) - 1):
        broken.write_bytes(whole[:size])
        refused(recognize(model, broken))
    broken.write_bytes(whole[:12] + b"data" + struct.pack("<I", 8) + bytes(8))
    assert "no format" in refused(recognize(model, broken))
    broken.write_bytes(whole[:16] + struct.pack("<I", 2**32 - 1) + whole[20:])
    refused(recognize(model, broken))


def test_files_that_cannot_be_used_do_not_stop_the_others(recognize, made, sound, tmp_path):
    _, model = made("lstm")
    good = [
        wav(tmp_path / f"{name}.wav", sound[:size]) for name, size in (("a", 32000), ("b", 9000))
    ]
    cut, absent = tmp_path / "cut.wav", tmp_path / "absent.wav"
    cut.write_bytes(good[0].read_bytes()[:-1])
    names = [cut, good[0], absent, good[1]]
    alone = recognize("--json", model, *good).stdout.decode().splitlines()
    listed = "".join(f"{name}\n" for name in names).encode()
    for done in (
        recognize("--json", "--list", model, stdin=listed),
        recognize("--json", model, *names),
    ):
        assert done.returncode == 1
        said = done.stderr.decode().splitlines()
        assert [line.split(" is ")[0].split(" cannot ")[0] for line in said] == [
            f"schatten-recognize: {cut}",
            f"schatten-recognize: {absent}",
        ]
        lines = done.stdout.decode().splitlines()
        answers = [json.loads(line) for line in lines]
        assert [answer.get("file") for answer in answers] == [*map(str, names), None]
        assert [lines[1], lines[3]] == alone[:2]
        assert "cut off" in answers[0]["error"]
        assert "cannot be opened" in answers[2]["error"]
        assert answers[-1]["audio_seconds"] == json.loads(alone[2])["audio_seconds"]
    plain = recognize("--list", model, stdin=listed)
    assert len(plain.stdout.splitlines()) == len(good) + 1


@pytest.mark.parametrize("whole", [2**32 - 1, 0x7FFFF024])
@pytest.mark.parametrize("size", [2**32 - 1, 0x7FFFF000, 0])
def test_a_length_that_was_not_known_is_the_files_end(
    recognize, made, sound, tmp_path, whole, size
):
    """A WAV file as ffmpeg and sox write it into a pipe."""
    path = wav(tmp_path / "a.wav", sound[:9000])
    known, model = path.read_bytes(), made("lstm")[1]
    text = recognize(model, path).stdout.decode().splitlines()[0].removeprefix(f"{path} ")
    head = known[:4] + struct.pack("<I", whole) + known[8:40] + struct.pack("<I", size)
    for rest in (known[44:], known[44:] + b"x"):  # half a sample is none
        path.write_bytes(head + rest)
        done = recognize("--json", model, path)
        assert done.returncode == 0, done.stderr
        answer, last = map(json.loads, done.stdout.decode().splitlines())
        assert answer["text"] == text
        assert last["audio_seconds"] == pytest.approx(9000 / 16000, abs=1e-3)
    assert text


def test_sound_may_come_through_a_pipe(recognize, made, sound, tmp_path):
    """A WAV file from a pipe, whose length is not known before its end."""
    path, model = wav(tmp_path / "a.wav", sound[:9000]), made("lstm")[1]
    whole = path.read_bytes()
    text = recognize("--json", model, path).stdout.decode().splitlines()[0].split('"text"')[1]
    unknown = whole[:4] + b"\xff" * 4 + whole[8:40] + b"\xff" * 4 + whole[44:]
    for sent in (whole, unknown):
        done = recognize("--json", model, "/dev/stdin", stdin=sent)
        assert done.stdout.decode().splitlines()[0].split('"text"')[1] == text
    done = recognize("--json", model, "/dev/stdin", path, stdin=whole[:-2])
    assert done.returncode == 1
    failed, answer, _ = map(json.loads, done.stdout.decode().splitlines())
    assert "cut off" in failed["error"]
    assert json.dumps(answer["text"]) == text.split(", ")[0].removeprefix(": ")


def test_truncated_models_arerefused(recognize, made, tmp_path):
    whole = made("partial", "int8")[1].read_bytes()
    broken = tmp_path / "broken.gguf"
    sizes = [0, 1, 4, 8, 23, 24, 30, *np.linspace(40, len(whole) - 40, 25, dtype=int)]
    for size in sizes:
        broken.write_bytes(whole[:size])
        refused(recognize(broken))


def test_damaged_models_are_refused_or_run(recognize, made, sound, tmp_path):
    """Bytes changed at random: an error or some text, but never a crash (sanitizers watch)."""
    broken = tmp_path / "broken.gguf"
    random = np.random.default_rng(8)
    errors = 0
    for round_ in range(60):
        whole = bytearray(made("joint", ("fp32", "int8", "int4")[round_ % 3])[1].read_bytes())
        for at in random.integers(0, 7000 if round_ % 4 else len(whole), size=3):
            whole[at] = random.choice([0, 1, 127, 128, 255, int(random.integers(256))])
        broken.write_bytes(whole)
        done = recognize(broken, stdin=sound[:4000].tobytes())
        assert done.returncode in (0, 1), done.stderr.decode()
        if done.returncode:
            refused(done)
            errors += 1
    assert errors > 10


def test_wrong_use_is_named(recognize, made, tmp_path):
    assert "give a model" in refused(recognize())
    assert "unknown option --fast" in refused(recognize("--fast"))
    assert "--silence needs a number" in refused(recognize("--silence"))
    assert "--batch needs a number" in refused(recognize("--batch", "x", "m"))
    assert "batch_frames must be 1 to 4" in refused(recognize("--batch", 9, made("dense")[1]))
    assert "cannot be opened" in refused(recognize(tmp_path / "absent.gguf"))
    assert "no GGUF file" in refused(recognize(tmp_path))
    assert "RTF" not in refused(recognize(made("dense")[1], tmp_path / "absent.wav"))
    assert b"Usage" in recognize("--help").stdout


def test_output_that_cannot_be_written_is_no_success(recognize, build, made, sound, tmp_path):
    """A full disk: what was recognised is lost, so the status says so."""
    program = build("sanitize") / "engine/schatten-recognize"
    path = wav(tmp_path / "a.wav", sound)
    for arguments in (["--json"], [], ["--list"], ["--help"]):
        with Path("/dev/full").open("wb") as full:
            done = subprocess.run(
                [program, *arguments, made("lstm")[1], path, path],
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=full,
                stderr=subprocess.PIPE,
            )
        assert done.returncode == 1
        assert done.stderr.decode() == (
            "schatten-recognize: standard output cannot be written: No space left on device\n"
        )


def test_a_pipe_that_nobody_reads_and_lost_partial_results_are_said(
    recognize, build, made, sound, tmp_path
):
    program = build("sanitize") / "engine/schatten-recognize"
    path = wav(tmp_path / "a.wav", sound)
    command = [program, made("lstm")[1], path, path]
    reader, pipe = os.pipe()
    os.close(reader)
    done = subprocess.run(command, check=False, stdout=pipe, stderr=subprocess.PIPE)
    os.close(pipe)
    assert done.returncode == 1
    assert done.stderr == b"schatten-recognize: standard output cannot be written: Broken pipe\n"
    with Path("/dev/full").open("wb") as full:
        command.insert(1, "--partial")
        done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=full)
    assert done.returncode == 1
    assert done.stdout == b""


@pytest.mark.parametrize("program", ["tests/print_logprobs", "bench/time_engine"])
def test_other_programs_say_what_they_cannot_write(build, made, sound, tmp_path, program):
    (tmp_path / "pcm").write_bytes(sound.tobytes())
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [build("shared") / program, made("lstm")[1], tmp_path / "pcm", "800"],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=full,
            stderr=subprocess.PIPE,
        )
    assert done.returncode == 1
    assert b": standard output cannot be written: No space left on device\n" in done.stderr


@pytest.mark.parametrize(
    "name",
    [
        b"plain \xc3\xa4 \xe2\x82\xac \xf0\x9f\x8e\xa4",
        b"\xff\xc3",
        b"\xc0\xaf\xe0\x80\x80",
        b"\xed\xa0\x80\xf4\x90\x80\x80",
        b'"\\\t',
    ],
)
def test_json_is_valid_whatever_a_files_name(recognize, made, name, tmp_path):
    """Bytes of a name that are no UTF-8 are escaped as Python names them."""
    path = os.fsencode(tmp_path) + b"/" + name
    done = recognize("--json", "--list", made("lstm")[1], stdin=path + b"\n")
    assert done.returncode == 1
    said = json.loads(done.stdout.decode().splitlines()[0])
    assert os.fsencode(said["file"]) == path
    assert "cannot be opened" in said["error"]
