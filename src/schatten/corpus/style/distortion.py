"""Adds noise and rooms to samples: arrays in, arrays out. They are chosen elsewhere.

All signals are 16 kHz, mono, float32 in -1 .. 1.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.fft import irfft, next_fast_len, rfft, rfftfreq
from scipy.signal import oaconvolve, resample_poly

from schatten.audio.reading import read
from schatten.corpus.utterance import SAMPLING_RATE
from schatten.errors import UserError

Signal = NDArray[np.float32]

_COLOURS = {"white": 0.0, "pink": 1.0, "brown": 2.0}
"""Power of a noise falls as 1 / frequency ** colour."""
_FRAME = 320
_ACTIVE = 40.0
"""Frames this far (dB) below the loudest are no speech."""
_TAIL = 0.2
"""Seconds of reverberation kept after the utterance."""
_CEILING = 0.98


def resample(samples: Signal, rate: int) -> Signal:
    """Resample from `rate` Hz to 16 kHz."""
    if rate == SAMPLING_RATE:
        return samples
    common = int(np.gcd(rate, SAMPLING_RATE))
    return resample_poly(samples, SAMPLING_RATE // common, rate // common).astype(np.float32)


def scale_voice(samples: Signal, rate: int, factor: float) -> Signal:
    """Resample from `rate` Hz to 16 kHz, and multiply all frequencies by `factor`.

    The samples are played faster by the factor. It is rounded to a rate in steps of 50 Hz.
    """
    return resample(samples, rate if factor == 1.0 else round(rate * factor / 50) * 50)


def active_level(samples: Signal) -> float:
    """Return the RMS over the 20 ms frames within 40 dB of the loudest one (1 = full scale)."""
    frames = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME)
    power = np.mean(frames.astype(np.float64) ** 2, axis=1)
    if not len(power) or power.max() == 0.0:
        return 0.0
    return float(np.sqrt(power[power > power.max() * 10 ** (-_ACTIVE / 10)].mean()))


def trim(samples: Signal) -> Signal:
    """Cut silence off both ends, at 60 dB below the loudest sample."""
    loud = np.flatnonzero(np.abs(samples) > np.abs(samples).max() * 1e-3)
    return samples[loud[0] : loud[-1] + 1] if len(loud) else samples


def reverberate(samples: Signal, response: Signal) -> Signal:
    """Convolve with a room's response, aligned on its direct path; 0.2 s of the tail stay."""
    direct = int(np.argmax(np.abs(response)))
    wet = oaconvolve(samples, response[direct:]).astype(np.float32)
    return wet[: len(samples) + int(_TAIL * SAMPLING_RATE)]


def at_level(samples: Signal, decibels: float) -> Signal:
    """Scale to an active level in dB of full scale."""
    level = active_level(samples)
    return samples * np.float32(10 ** (decibels / 20) / level) if level else samples


def coloured(kind: str, length: int, generator: np.random.Generator) -> Signal:
    """Return white, pink or brown noise of unit power; nothing below 20 Hz."""
    size = next_fast_len(length, real=True)
    spectrum = rfft(generator.standard_normal(size))
    frequency = rfftfreq(size, 1 / SAMPLING_RATE)
    gain = np.where(frequency < 20, 0.0, np.maximum(frequency, 20) ** (-_COLOURS[kind] / 2))
    return unit_power(irfft(spectrum * gain, size)[:length])


def hum(length: int, generator: np.random.Generator) -> Signal:
    """Return mains hum of unit power: 50 or 60 Hz with falling harmonics, and a little hiss."""
    base = generator.choice([50.0, 60.0]) * (1 + generator.normal(0, 0.002))
    time = np.arange(length) / SAMPLING_RATE
    total = 0.05 * generator.standard_normal(length)
    for harmonic in range(1, 13):
        amplitude = generator.uniform(0.3, 1.0) / harmonic
        total += amplitude * np.sin(
            2 * np.pi * harmonic * base * time + generator.uniform(0, 2 * np.pi)
        )
    return unit_power(total)


def babble(speech: Signal, length: int, generator: np.random.Generator) -> Signal:
    """Return 4 to 8 stretches of `speech`, mixed at different levels, of unit power."""
    total = np.zeros(length)
    for _ in range(generator.integers(4, 9)):
        total += generator.uniform(0.3, 1.0) * stretch(speech, length, generator)
    return unit_power(total)


def stretch(samples: Signal, length: int, generator: np.random.Generator) -> Signal:
    """Return a part of `samples` from a random place on; it wraps around at the end."""
    return np.take(samples, np.arange(length) + generator.integers(len(samples)), mode="wrap")


def add_noise(samples: Signal, noise: Signal, snr: float) -> Signal:
    """Add `noise` of unit power, `snr` dB below the active level of `samples`."""
    return samples + noise * np.float32(active_level(samples) * 10 ** (-snr / 20))


def to_pcm(samples: Signal) -> NDArray[np.int16]:
    """Round to 16 bits; samples that would clip are scaled down as a whole."""
    peak = float(np.abs(samples).max())
    if peak > _CEILING:
        samples = samples * np.float32(_CEILING / peak)
    return np.round(samples * 32767.0).astype(np.int16)


def read_recording(path: Path) -> Signal:
    """Read a noise recording or an impulse response (its first channel) at 16 kHz.

    Errors: `UserError` for a file that cannot be used, or is silent.
    """
    samples, rate = read(path)
    if not np.any(samples[:, 0]):
        raise UserError(f"{path} is silent: remove it")
    return resample(np.ascontiguousarray(samples[:, 0]), rate)


def pad(samples: Signal, before: float, after: float) -> Signal:
    """Add silence before and after samples; both lengths are in seconds."""
    widths: Sequence[int] = [round(seconds * SAMPLING_RATE) for seconds in (before, after)]
    return np.pad(samples, (widths[0], widths[1]))


def unit_power(samples: NDArray[np.float64] | Signal) -> Signal:
    """Scale to an RMS of 1; silence stays silent."""
    rms = np.sqrt(np.mean(samples.astype(np.float64) ** 2))
    return (samples / rms if rms else samples).astype(np.float32)
