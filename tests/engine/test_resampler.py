"""Sound of any rate at 16 kHz: what can be heard stays as it was, the rest is 80 dB down."""

import subprocess

import numpy as np
import pytest
import soundfile

HEARD = 16000
SECONDS = 0.4
EDGE = 1000
"""Samples at either end in which a tone that begins and ends suddenly is no tone."""
RATES = [8000, 11025, 22050, 32000, 44100, 48000, 96000]
UNUSUAL = [4001, 11127, 44056, 192000]
"""Whose samples have more parts than the filter has rows, or fewer bits of time."""


@pytest.fixture
def resampled(build, tmp_path):
    """Return a function that resamples sound in -1 to 1, `chunk` samples at once."""
    program = build("sanitize") / "tests/print_sound"

    def run(samples, rate, channel=0, chunk=1600):
        soundfile.write(tmp_path / "in.wav", samples, rate, "FLOAT")
        command = [program, tmp_path / "in.wav", str(channel), str(chunk)]
        done = subprocess.run(command, check=True, capture_output=True)
        return np.frombuffer(done.stdout, "<i2") / 32768

    return run


def tones(rate, frequencies):
    """Tones of amplitude 0.9, a channel each."""
    time = np.arange(int(SECONDS * rate))[:, None] / rate
    return 0.9 * np.sin(2 * np.pi * np.array(frequencies) * time + 0.3)


def level(samples):
    """Of the middle, in dB against a tone of amplitude 0.9."""
    power = np.mean(samples[EDGE:-EDGE] ** 2) / (0.9**2 / 2)
    return 10 * np.log10(power + 1e-20)


@pytest.mark.parametrize("rate", RATES + UNUSUAL)
def test_tones_stay_what_and_when_they_were(resampled, rate):
    """Up to 0.93 of what can be heard: within 0.02 dB, at the same time, nothing beside them."""
    half = min(rate, HEARD) / 2
    frequencies = [0.03 * half, 0.4 * half, 0.925 * half]
    samples = tones(rate, frequencies)
    for channel, frequency in enumerate(frequencies, start=1):
        heard = resampled(samples, rate, channel)
        assert len(heard) == -(-len(samples) * HEARD // rate)
        time = np.arange(len(heard)) / HEARD
        expected = 0.9 * np.sin(2 * np.pi * frequency * time + 0.3)
        middle = slice(EDGE, -EDGE)
        gain = expected[middle] @ heard[middle] / (expected[middle] @ expected[middle])
        assert abs(20 * np.log10(gain)) < 0.02
        assert level(heard - gain * expected) < -80, (frequency, level(heard - gain * expected))


@pytest.mark.parametrize("rate", [rate for rate in RATES + UNUSUAL if rate > HEARD])
def test_what_cannot_be_heard_is_80_db_down(resampled, rate):
    half = HEARD / 2
    frequencies = [1.001 * half, 1.1 * half, (half + rate / 2) / 2, 0.99 * rate / 2]
    samples = tones(rate, frequencies)
    levels = [level(resampled(samples, rate, channel)) for channel in (1, 2, 3, 4)]
    assert max(levels) < -80


@pytest.mark.parametrize("rate", [8000, 44056, 48000])
def test_chunks_change_no_bit_and_the_mean_is_that_of_the_channels(resampled, rate):
    random = np.random.default_rng(rate)
    samples = random.normal(scale=0.2, size=(rate // 4 + 7, 1)).repeat(2, axis=1)
    whole = resampled(samples, rate, chunk=100000)
    for chunk in (1, 7, 160):
        assert np.array_equal(resampled(samples, rate, chunk=chunk), whole)
    assert np.array_equal(resampled(samples, rate, channel=2), whole)


@pytest.mark.parametrize("length", [0, 1, 2, 50])
def test_hardly_any_sound_is_resampled_too(resampled, length):
    for rate in (8000, 192000):
        heard = resampled(np.full(length, 0.5), rate)
        assert len(heard) == -(-length * HEARD // rate)
    steady = resampled(np.full(9000 + length, 0.5), 48000)
    assert np.allclose(steady[400:-400], 0.5, atol=1e-4)


def test_full_scale_is_clipped_and_does_not_turn_over(resampled):
    square = np.where(np.arange(8000) // 40 % 2, 1.0, -1.0)
    heard = resampled(square, 48000)
    expected = np.where(np.arange(len(heard)) * 3 // 40 % 2, 1, -1)
    away = np.arange(len(heard)) * 3 % 40
    is_inside = (away > 5) & (away < 35)
    assert heard.max() == 32767 / 32768 and heard.min() == -1
    assert (np.sign(heard) == expected)[is_inside].all()
