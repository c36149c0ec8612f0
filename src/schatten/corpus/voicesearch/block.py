"""The process that speaks one block: `python -m schatten.corpus.voicesearch.block JOB DONE`.

It must be a new process: espeak-ng's samples depend on what it spoke before in the same process.
JOB is a JSON file (a `Job`). The file DONE is written last, and means that all recordings exist.
"""

import io
import sys
from functools import cached_property
from pathlib import Path

import numpy as np
import soundfile
from pydantic import BaseModel

from schatten.corpus.utterance import SAMPLING_RATE
from schatten.corpus.voicesearch import distortion
from schatten.corpus.voicesearch.distortion import Signal
from schatten.corpus.voicesearch.plan import Block, Copy, Spoken
from schatten.errors import UserError
from schatten.espeak import Espeak
from schatten.runtime.files import write_text
from schatten.runtime.process import die_with_parent


class Job(BaseModel):
    """A block and its inputs; paths are absolute, or relative to the process's folder."""

    block: Block
    output: str
    """Folder that recordings are written below."""
    babble: str | None = None
    """Samples (.npy) that babble is mixed from."""
    rooms: str | None = None
    """Impulse responses (.npz)."""
    recordings: list[str] = []
    """Noise recordings."""
    noise_floor: float
    """Of the microphone, in dB below full scale."""


class Sounds:
    """The noises and rooms of a job, read on first use."""

    def __init__(self, job: Job) -> None:
        self.job = job

    @cached_property
    def speech(self) -> Signal:
        """The samples that babble is mixed from."""
        assert self.job.babble is not None, "a plan with babble has its samples"
        return np.asarray(np.load(self.job.babble), dtype=np.float32)

    @cached_property
    def responses(self) -> list[Signal]:
        """Impulse responses."""
        assert self.job.rooms is not None, "a plan with rooms has their responses"
        with np.load(self.job.rooms) as file:
            return [file[name] for name in file.files]

    def noise(self, kind: str, length: int, generator: np.random.Generator) -> Signal:
        """Return noise of unit power."""
        if kind == "babble":
            return distortion.babble(self.speech, length, generator)
        if kind == "hum":
            return distortion.hum(length, generator)
        if kind == "recording":
            path = self.job.recordings[generator.integers(len(self.job.recordings))]
            samples = distortion.read_recording(Path(path))
            return distortion.unit_power(distortion.stretch(samples, length, generator))
        return distortion.coloured(kind, length, generator)


def distort(dry: Signal, copy: Copy, sounds: Sounds) -> Signal:
    """Apply an utterance's room, noise and level (16 kHz, -1 .. 1)."""
    generator = np.random.default_rng(copy.noise_seed)
    samples = dry
    if copy.room is not None:
        response = sounds.responses[int(copy.room * len(sounds.responses))]
        samples = distortion.reverberate(samples, response)
    samples = distortion.at_level(samples, copy.level)
    if copy.noise is not None:
        noise = sounds.noise(copy.noise.kind, len(samples), generator)
        samples = distortion.add_noise(samples, noise, copy.noise.snr)
    floor = np.float32(10 ** (-sounds.job.noise_floor / 20))
    return samples + floor * generator.standard_normal(len(samples), dtype=np.float32)


def _speak(espeak: Espeak, utterance: Spoken) -> Signal:
    factor = utterance.vocal_tract
    speech = espeak.speak(
        utterance.text,
        utterance.voice,
        rate=round(utterance.rate / factor),
        pitch=utterance.pitch,
        seed=utterance.voice_seed,
    )
    dry = distortion.trim(distortion.scale_voice(speech, espeak.rate, factor))
    return distortion.pad(dry, utterance.before, utterance.after)


def _write(path: Path, samples: Signal) -> None:
    """Write FLAC through memory: soundfile would wait for the disk after each file."""
    buffer = io.BytesIO()
    pcm = distortion.to_pcm(samples)
    soundfile.write(buffer, pcm, SAMPLING_RATE, format="FLAC", subtype="PCM_16")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(buffer.getvalue())


def run(job: Job) -> None:
    """Speak a block, and write its recordings (16 kHz, 16-bit, mono FLAC)."""
    espeak, sounds = Espeak(), Sounds(job)
    for utterance in job.block.utterances:
        dry = _speak(espeak, utterance)
        for copy in utterance.copies:
            _write(Path(job.output) / copy.audio, distort(dry, copy, sounds))


if __name__ == "__main__":
    die_with_parent()
    try:
        run(Job.model_validate_json(Path(sys.argv[1]).read_text()))
        write_text(sys.argv[2], "done\n")
    except UserError as error:
        sys.exit(f"{error}")
