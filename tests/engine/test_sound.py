"""Files of sound as the engine hears them: WAV of every form, FLAC and MP3, channels, damage."""

import json
import struct
import subprocess

import numpy as np
import pytest
import soundfile

PROGRAMS = {"print": "tests/print_sound", "recognize": "engine/schatten-recognize"}


@pytest.fixture
def heard(build):
    """Return a function that gives the samples of a file, or of standard input."""
    program = build("sanitize") / PROGRAMS["print"]

    def run(path, *options, stdin=None):
        command = [program, path, *map(str, options)]
        done = subprocess.run(command, check=False, input=stdin, capture_output=True)
        assert done.returncode == 0, done.stderr.decode()
        return np.frombuffer(done.stdout, "<i2")

    return run


@pytest.fixture
def refused(build):
    """Return a function that gives the sentence with which a file is refused."""
    program = build("sanitize") / PROGRAMS["print"]

    def run(path, *options, stdin=None):
        command = [program, path, *map(str, options)]
        done = subprocess.run(command, check=False, input=stdin, capture_output=True)
        message = done.stderr.decode()
        assert (done.returncode, message.count("\n")) == (1, 1), message
        return message.removeprefix("print_sound: ").rstrip()

    return run


@pytest.mark.parametrize("container", ["WAV", "WAVEX", "RF64"])
@pytest.mark.parametrize(
    "form", ["PCM_16", "PCM_U8", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW", "ALAW"]
)
def test_wav_of_every_form_has_the_samples_that_libsndfile_reads(
    heard, sound, tmp_path, form, container
):
    path = tmp_path / "a.wav"
    soundfile.write(path, sound[:3000] / 32768, 16000, form, format=container)
    expected = soundfile.read(path, dtype="float64")[0] * 32768
    samples = heard(path)
    assert np.array_equal(samples, np.rint(expected).clip(-32768, 32767))
    assert np.array_equal(samples, heard("-", stdin=path.read_bytes()))
    if form in ("PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"):
        assert np.array_equal(samples, sound[:3000])


def test_sample_sizes_that_fill_no_byte_use_the_upper_bits(heard, tmp_path):
    """12 bits in two bytes, as the format says; the lower four are zero or noise."""
    path, samples = tmp_path / "a.wav", np.arange(-2048, 2048, dtype="<i2") * 16
    soundfile.write(path, samples, 16000)
    whole = bytearray(path.read_bytes())
    assert whole[34] == 16
    whole[34] = 12
    path.write_bytes(whole)
    assert np.array_equal(heard(path), samples)


def test_floats_that_are_no_sound_are_refused(refused, heard, tmp_path):
    path = tmp_path / "a.wav"
    for wrong, said in ((20000.0, "holds 20000 "), (np.nan, "no number"), (-np.inf, "no number")):
        soundfile.write(path, np.array([0.5, wrong, 0.5]), 16000, "DOUBLE")
        message = refused(path)
        assert said in message and "scaled" in message and str(path) in message
    soundfile.write(path, np.array([0.5, 1.2, -1.7]), 16000, "FLOAT")
    assert heard(path).tolist() == [16384, 32767, -32768]


@pytest.mark.parametrize("form", ["PCM_S8", "PCM_16", "PCM_24"])
@pytest.mark.parametrize("channels", [1, 2, 5])
def test_flac_has_the_samples_that_were_encoded(heard, sound, tmp_path, form, channels):
    path = tmp_path / "a.flac"
    several = np.stack([np.roll(sound[:20000], 100 * i) for i in range(channels)], axis=1)
    soundfile.write(path, several, 16000, form)
    encoded = soundfile.read(path, dtype="int16", always_2d=True)[0]
    for channel in range(1, channels + 1):
        assert np.array_equal(heard(path, channel), encoded[:, channel - 1])
    mean = np.rint(encoded.sum(axis=1, dtype=np.float32) / np.float32(channels))
    assert np.array_equal(heard(path), mean)
    assert np.array_equal(heard("-", stdin=path.read_bytes()), mean)
    tagged = b"ID3\3\0\0\0\0\0\7" + b"\xff" * 7 + path.read_bytes()
    assert np.array_equal(heard("-", stdin=tagged), mean)


def test_damaged_flac_is_refused(refused, heard, sound, tmp_path):
    path = tmp_path / "a.flac"
    soundfile.write(path, sound, 16000)
    whole = path.read_bytes()
    middle = bytearray(whole)
    middle[len(whole) // 2] ^= 0x10
    longer = bytearray(whole)
    longer[25] += 1  # the last byte of its length in samples
    unknown = whole[:21] + bytes([whole[21] & 0xF0]) + bytes(4) + whole[26:]
    assert np.array_equal(heard("-", stdin=unknown), sound)
    for damaged, said in (
        (whole[: len(whole) // 2], "is cut off or damaged"),
        (bytes(middle), "is damaged behind sample"),
        (bytes(longer), "of 32001 samples 32000 can be decoded"),
        (whole + whole, "has more sound than the 32000 samples"),
        (unknown[:-100], "is cut off or damaged behind sample"),
        (whole[:30], "is cut off or damaged"),
    ):
        path.write_bytes(damaged)
        for message in (refused(path), refused("-", stdin=damaged)):
            assert said.split(" sample")[0] in message or "is damaged behind" in message, message
        assert str(path) in refused(path)


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000])
@pytest.mark.parametrize("channels", [1, 2])
def test_mp3_has_the_sound_where_it_was(heard, tmp_path, rate, channels):
    """What the encoder puts in front and behind is dropped."""
    path = tmp_path / "a.mp3"
    tone = 0.4 * np.sin(2 * np.pi * 300 * np.arange(rate) / rate)
    soundfile.write(path, np.stack([tone] * channels, axis=1), rate, format="MP3")
    samples = heard(path)
    assert len(samples) == 16000
    expected = 0.4 * np.sin(2 * np.pi * 300 * np.arange(16000) / 16000)
    middle = slice(2000, -2000)
    error = samples[middle] / 32768 - expected[middle]
    assert np.sqrt(np.mean(error**2)) < 0.02
    assert np.array_equal(heard("-", stdin=path.read_bytes()), samples)
    tagged = b"ID3\4\0\0\0\0\0\5hello" + path.read_bytes() + b"TAG" + bytes(125)
    assert np.array_equal(heard("-", stdin=tagged), samples)


def test_damaged_mp3_is_refused(refused, heard, sound, tmp_path):
    path = tmp_path / "a.mp3"
    soundfile.write(path, sound / 32768, 16000, format="MP3")
    whole = path.read_bytes()
    starts = [at for at in range(len(whole)) if whole[at : at + 2] == whole[:2]]
    assert len(starts) > 20
    half = starts[10]
    for damaged, said in (
        (whole[: half + 20], "is cut off in frame 10"),
        (whole[:half], "frames, and has 9"),
        (whole[:half] + b"noise" * 50 + whole[half:], "is damaged behind frame 9"),
        (whole[:half] + mp3_of_another_rate(2), "changes its rate or its channels"),
    ):
        path.write_bytes(damaged)
        for message in (refused(path), refused("-", stdin=damaged)):
            assert said in message and "to keep what can be decoded" in message, message
    headless = whole[starts[1] :]
    assert len(heard("-", stdin=headless + bytes(300))) >= len(sound)


def mp3_of_another_rate(frames):
    """Silent frames of 128 kbit/s at 44.1 kHz: 417 bytes each."""
    return (b"\xff\xfb\x90\x00" + bytes(413)) * frames


def test_silent_frames_of_mp3_are_silence(heard):
    samples = heard("-", stdin=mp3_of_another_rate(3))
    assert len(samples) == -(-3 * 1152 * 16000 // 44100)
    assert not samples.any()


def test_the_program_says_once_that_it_hears_a_mean(build, made, sound, tmp_path):
    program = build("sanitize") / PROGRAMS["recognize"]
    paths = [tmp_path / name for name in ("a.flac", "b.wav", "c.wav")]
    soundfile.write(paths[0], np.stack([sound, sound], axis=1), 16000)
    soundfile.write(paths[1], np.stack([sound, 0 * sound], axis=1), 16000)
    soundfile.write(paths[2], sound, 16000)
    command = [program, "--json", made("lstm")[1], *paths]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stderr == (
        f"schatten-recognize: {paths[0]} has 2 channels: their mean is heard, "
        "as of others to come; --channel N takes one\n"
    )
    texts = [json.loads(line).get("text") for line in done.stdout.splitlines()]
    assert texts[0] == texts[2] and texts[0]
    command[1:1] = ["--channel", "2"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == (
        f"schatten-recognize: {paths[2]} has no channel 2: give --channel a number from 1 to 1\n"
    )
    first, second, *_ = map(json.loads, done.stdout.splitlines())
    assert first["text"] == texts[0] != second["text"]


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "two"])
def test_a_channel_is_a_whole_number(build, value):
    command = [build("sanitize") / PROGRAMS["recognize"], "--channel", value, "model"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert "--channel needs a" in done.stderr


def test_a_header_of_thousands_of_channels_takes_no_memory(refused, tmp_path):
    path, channels = tmp_path / "a.wav", 65535
    form = struct.pack("<HHIIHH", 1, channels, 384000, 384000 * channels & 0xFFFFFFFF, channels, 8)
    body = b"fmt " + struct.pack("<I", 16) + form + b"data" + struct.pack("<I", 0)
    path.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WAVE" + body)
    assert f"says that it has {channels} channels" in refused(path)


def test_an_mp3_whose_length_was_never_filled_in_is_heard(heard, sound, tmp_path):
    path = tmp_path / "a.mp3"
    soundfile.write(path, sound / 32768, 16000)
    whole = bytearray(path.read_bytes())
    place = max(whole.find(b"Xing"), whole.find(b"Info"))
    if place < 0:
        pytest.skip("this libsndfile writes no header of a length")
    assert whole[place + 7] & 1
    whole[place + 8 : place + 12] = bytes(4)
    path.write_bytes(whole)
    assert len(heard(path)) >= len(sound) - 1152
