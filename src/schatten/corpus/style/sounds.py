"""Applies a plan's room, level and noise to samples, and writes the result."""

import io
from functools import cached_property
from pathlib import Path

import numpy as np
import soundfile
from pydantic import BaseModel

from schatten.corpus.style import distortion
from schatten.corpus.style.distortion import Signal
from schatten.corpus.style.plan import Distortion
from schatten.corpus.utterance import SAMPLING_RATE


class Sources(BaseModel):
    """Where noises and rooms are; paths are absolute, or relative to the process's folder."""

    babble: str | None = None
    """Samples (.npy) that babble is mixed from."""
    rooms: str | None = None
    """Impulse responses (.npz)."""
    recordings: list[str] = []
    """Noise recordings."""
    noise_floor: float | None = None
    """Of the microphone, in dB below full scale; None: the recording has its own."""


class Sounds:
    """The noises and rooms of a job, read on first use."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources

    @cached_property
    def speech(self) -> Signal:
        """The samples that babble is mixed from."""
        assert self.sources.babble is not None, "a plan with babble has its samples"
        return np.asarray(np.load(self.sources.babble), dtype=np.float32)

    @cached_property
    def responses(self) -> list[Signal]:
        """Impulse responses."""
        assert self.sources.rooms is not None, "a plan with rooms has their responses"
        with np.load(self.sources.rooms) as file:
            return [file[name] for name in file.files]

    def noise(self, kind: str, length: int, generator: np.random.Generator) -> Signal:
        """Return noise of unit power."""
        if kind == "babble":
            return distortion.babble(self.speech, length, generator)
        if kind == "hum":
            return distortion.hum(length, generator)
        if kind == "recording":
            path = self.sources.recordings[generator.integers(len(self.sources.recordings))]
            samples = distortion.read_recording(Path(path))
            return distortion.unit_power(distortion.stretch(samples, length, generator))
        return distortion.coloured(kind, length, generator)


def distort(dry: Signal, wanted: Distortion, sounds: Sounds) -> Signal:
    """Apply an utterance's room, noise and level (16 kHz, -1 .. 1)."""
    generator = np.random.default_rng(wanted.noise_seed)
    samples = dry
    if wanted.room is not None:
        response = sounds.responses[int(wanted.room * len(sounds.responses))]
        samples = distortion.reverberate(samples, response)
    if wanted.level is not None:
        samples = distortion.at_level(samples, wanted.level)
    if wanted.noise is not None:
        noise = sounds.noise(wanted.noise.kind, len(samples), generator)
        samples = distortion.add_noise(samples, noise, wanted.noise.snr)
    if sounds.sources.noise_floor is None:
        return samples
    floor = np.float32(10 ** (-sounds.sources.noise_floor / 20))
    return samples + floor * generator.standard_normal(len(samples), dtype=np.float32)


def write_flac(path: Path, samples: Signal) -> None:
    """Write 16 kHz FLAC through memory: soundfile would wait for the disk after each file."""
    buffer = io.BytesIO()
    pcm = distortion.to_pcm(samples)
    soundfile.write(buffer, pcm, SAMPLING_RATE, format="FLAC", subtype="PCM_16")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(buffer.getvalue())
