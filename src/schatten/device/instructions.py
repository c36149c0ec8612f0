"""Instructions that the engine executes for a frame, counted on emulated CPUs."""

import tempfile
import wave
from pathlib import Path

import numpy as np

from schatten.artifacts import Exported, Instructions, read
from schatten.device.devices import Device, model_payload
from schatten.device.speed import instructions
from schatten.errors import UserError
from schatten.runtime.files import sha256

CPUS = ("cortex-a53", "max")
"""Emulated CPUs: one of ARMv8.0 without products of 8 bits, and one with every extension."""
FRAMES_PER_SECOND = 100
"""Of features."""
SECONDS = (1, 3)
"""Lengths of sound: the difference has neither loading nor the first window in it."""


def count(model: Path, program: Path, plugin: Path) -> Instructions:
    """Count the instructions of an exported model for an output frame, on each of `CPUS`.

    Sound to text, greedily: features, acoustic model and search. The counts are exact, and equal
    in every run. `program`: schatten-recognize for AArch64; `plugin`: libinsn_plugin.so of this
    host. Errors: `UserError` if a file is missing, or the emulator fails.
    """
    described = model.with_suffix(".json")
    if not model.is_file() or not described.is_file():
        raise UserError(f"{model} or {described} does not exist: write both with `schatten export`")
    stride = read(described, Exported).latency.stride_frames
    if stride is None:
        raise UserError(f"{described} says no stride: write it again with `schatten export`")
    with tempfile.TemporaryDirectory(prefix="schatten-") as name:
        sounds = write_sounds(Path(name))
        found = {cpu: in_a_frame(model, stride, cpu, sounds, program, plugin) for cpu in CPUS}
    return Instructions(
        sha256=sha256(model), frames_per_second=FRAMES_PER_SECOND / stride, a_frame=found
    )


def in_a_frame(
    model: Path, stride: int, cpu: str, sounds: list[Path], program: Path, plugin: Path
) -> float:
    """Return the instructions of an emulated CPU for `stride` feature frames of sound."""
    device = Device(title=cpu, runner="qemu", cpu=cpu)
    short, long = (
        instructions(device, program, model_payload(model), [sound], plugin) for sound in sounds
    )
    return (long - short) * stride / (FRAMES_PER_SECOND * (SECONDS[1] - SECONDS[0]))


def write_sounds(folder: Path) -> list[Path]:
    """Write noise of each of `SECONDS` to a folder; return the files (16 kHz, 16 bits)."""
    return [_sound(folder / f"{seconds}.wav", seconds) for seconds in SECONDS]


def _sound(path: Path, seconds: int) -> Path:
    noise = np.random.default_rng(1).normal(scale=1000, size=16000 * seconds)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(noise.astype("<i2").tobytes())
    return path
