"""`--mic`, with ALSA's own library and a device of its that reads a pipe."""

import ctypes
import fcntl
import os
import signal
import subprocess
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile

PATIENCE = 60.0
DEVICE = """\
pcm.pipe {{
  type file
  slave.pcm {{ type null }}
  file /dev/null
  infile {pipe}
  format raw
}}
"""
LENGTH = ["--maximum", "2.2"]
"""An utterance ends by its length, so its words come while the microphone stays open."""
SYSTEM = Path("/usr/share/alsa/alsa.conf")


@pytest.fixture
def program(build):
    return build("sanitize") / "engine/schatten-recognize"


@pytest.fixture
def environment(tmp_path):
    """ALSA with a microphone `pipe`, which hears 32-bit floats, two channels, 48 kHz, of a pipe."""
    try:
        ctypes.CDLL("libasound.so.2")
    except OSError:
        pytest.skip("ALSA's library is missing: apt-get install libasound2")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "asound.conf").write_text(DEVICE.format(pipe=tmp_path / "pipe"))
    return {**os.environ, "ALSA_CONFIG_PATH": f"{SYSTEM}:{tmp_path / 'asound.conf'}"}


def _filled(path, sound):
    """Open a pipe with all of the sound in it: the device hears silence where less is there."""
    pipe = os.fdopen(os.open(path, os.O_RDWR), "wb", buffering=0)
    fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 1 << 20)
    assert pipe.write(sound) == len(sound)
    return pipe


def test_a_microphone_is_heard_until_an_interrupt(program, environment, made, sound, tmp_path):
    """At its own rate, with the mean of its channels: as a file of the same sound."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    stereo = np.repeat(sound / 32768, 3)[:, None] * np.array([1.5, 0.5])
    stereo = np.concatenate([stereo, np.zeros((24000, 2))]).astype(np.float32)
    soundfile.write(tmp_path / "same.wav", stereo, 48000, "FLOAT")
    command = [program, *LENGTH, made("lstm")[1], tmp_path / "same.wav"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    text = done.stdout.splitlines()[0].removeprefix(f"{command[-1]} ")
    assert text
    ready = _filled(tmp_path / "pipe", stereo.tobytes())
    command = [program, "--mic=pipe", *LENGTH, made("lstm")[1]]
    listening = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    stop = threading.Timer(PATIENCE, listening.kill)
    stop.start()
    try:
        with ready:
            assert listening.stdout.readline().rstrip() == text
            listening.send_signal(signal.SIGINT)
        said, complaint = listening.communicate()
    finally:
        stop.cancel()
        listening.kill()
        signal.signal(signal.SIGINT, before)
    assert listening.returncode == 0, complaint
    assert said.splitlines()[-1].startswith("audio ")
    assert complaint.startswith("schatten-recognize: the microphone pipe has 2 channels: their")


def test_a_microphone_that_is_not_there_is_named_with_those_that_are(program, environment, made):
    command = [program, "--mic=nowhere", made("lstm")[1]]
    done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("schatten-recognize: the microphone nowhere cannot be heard (")
    assert done.stderr.count("\n") == 1
    assert "give one of these as --mic=NAME: " in done.stderr or "none is there" in done.stderr


@pytest.mark.parametrize("more", [["a.wav"], ["--list"]])
def test_a_microphone_goes_without_files(program, more):
    command = [program, "--mic", "model", *more]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert "--mic goes without files and --list" in done.stderr
