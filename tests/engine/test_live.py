"""Ctrl-C while sound comes in live: the input ends and its words come; a second one kills."""

import fcntl
import json
import os
import signal
import struct
import subprocess
import termios
import time
from pathlib import Path

import pytest

PATIENCE = 60.0


@pytest.fixture
def interruptible():
    """Programs started from here heed SIGINT, though a background job's tests may ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def listening(build, made, sound, interruptible):
    """Start the program on a pipe that stays open; return it when it has read all of the sound."""
    started = []

    def start(stdout=subprocess.PIPE, header=b""):
        command = [build("sanitize") / "engine/schatten-recognize", "--json", made("lstm")[1]]
        program = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=stdout)
        started.append(program)
        program.stdin.write(header + sound.tobytes())
        program.stdin.flush()
        _wait_until(lambda: _unread(program.stdin) == 0)
        return program

    yield start
    for program in started:
        program.kill()
        program.communicate()


def _unread(pipe):
    return struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))[0]


def _wait_until(holds):
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def _catches_interrupts(program):
    status = Path(f"/proc/{program.pid}/status").read_text()
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) >> (signal.SIGINT - 1) & 1)


def _full_pipe():
    """Return both ends of a pipe into which nothing more goes."""
    out, into = os.pipe()
    os.set_blocking(into, False)
    try:
        while True:
            os.write(into, bytes(4096))
    except BlockingIOError:
        os.set_blocking(into, True)
        return out, into


def test_an_interrupt_ends_the_input_and_its_words_come(listening, engine, made, sound):
    program = listening()
    program.send_signal(signal.SIGINT)
    program.wait(PATIENCE)  # although its input stays open
    utterance, last = map(json.loads, program.stdout.read().splitlines())
    stream = engine.open(made("lstm")[1]).stream()
    stream.whole(sound)
    assert program.returncode == 0
    assert utterance["text"] == stream.text
    assert last["audio_seconds"] == pytest.approx(len(sound) / 16000)


def test_an_interrupt_ends_a_wav_file_that_would_go_on(listening, engine, made, sound):
    sizes = struct.pack("<4sI8sIHHIIHH4sI", *_header(10 * sound.nbytes))
    program = listening(header=sizes)
    program.send_signal(signal.SIGINT)
    program.wait(PATIENCE)
    utterance, last = map(json.loads, program.stdout.read().splitlines())
    stream = engine.open(made("lstm")[1]).stream()
    stream.whole(sound)
    assert program.returncode == 0
    assert utterance["text"] == stream.text
    assert last["audio_seconds"] == pytest.approx(len(sound) / 16000)


def test_a_wav_file_that_ends_early_gives_its_words_and_an_error(build, made, sound):
    header = struct.pack("<4sI8sIHHIIHH4sI", *_header(10 * sound.nbytes))
    command = [build("sanitize") / "engine/schatten-recognize", "--json", made("lstm")[1]]
    done = subprocess.run(command, input=header + sound.tobytes(), check=False, capture_output=True)
    assert done.returncode == 1
    assert json.loads(done.stdout)["text"]
    assert b"standard input is cut off" in done.stderr


def _header(size):
    """What a WAV file's header holds in front of so many bytes of sound."""
    form = (16, 1, 1, 16000, 32000, 2, 16)
    return b"RIFF", size + 36, b"WAVEfmt ", *form, b"data", size


def test_a_second_interrupt_ends_the_program(listening):
    """It cannot print its words: the pipe of its output is full."""
    ends = _full_pipe()
    program = listening(stdout=ends[1])
    assert _catches_interrupts(program)
    program.send_signal(signal.SIGINT)
    _wait_until(lambda: not _catches_interrupts(program))
    with pytest.raises(subprocess.TimeoutExpired):
        program.wait(0.3)
    program.send_signal(signal.SIGINT)
    assert program.wait(PATIENCE) == -signal.SIGINT
    for end in ends:
        os.close(end)


def test_input_that_cannot_be_read_is_said(build, made, tmp_path):
    command = [build("sanitize") / "engine/schatten-recognize", made("lstm")[1]]
    folder = os.open(tmp_path, os.O_RDONLY)
    done = subprocess.run(command, stdin=folder, check=False, capture_output=True, text=True)
    os.close(folder)
    assert done.returncode == 1
    assert "standard input cannot be read: Is a directory" in done.stderr
