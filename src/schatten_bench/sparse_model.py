"""A whole acoustic model with zeros in its large matrices: instructions a frame of the engine."""

import math
import tempfile
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from schatten import models
from schatten.compress.forms import ENGINE_BLOCK
from schatten.compress.sparsity import blocks_at, set_masks
from schatten.device.devices import Device, model_payload
from schatten.device.speed import instructions
from schatten.export.run import export
from schatten.recipe import load
from schatten.recipe.models import DeepSpeech2, Lstm, Model
from schatten.units import characters

RECIPE, MODEL = "voicesearch_like/lab", "small"
ALPHABET = "abcdefghijklmnopqrstuvwxyz'"
ZEROS = (0, 50, 75, 90)
"""Percent of the blocks of the large matrices that are zero."""
CPUS = ("cortex-a53", "max")
FRAMES_PER_SECOND = 100
"""Of features."""
SECONDS = (1, 3)
"""Lengths of sound: the difference has neither loading nor the first window in it."""


@dataclass(frozen=True)
class SparseModel:
    """One model on one emulated CPU; instructions for each output frame."""

    cpu: str
    zeros: int
    bytes: int
    """Of its int8 file."""
    engine: float
    """All: reading sound, features, the acoustic model, greedy search."""
    acoustic: float
    """Without reading and features: less what a model of a single unit takes."""


def count(program: Path, plugin: Path) -> list[SparseModel]:
    """Count the model of `lab` with random weights, whole and pruned, under emulation.

    `program` is schatten-recognize for AArch64, `plugin` libinsn_plugin.so of this host.
    """
    settings = load(RECIPE).models[MODEL]
    assert isinstance(settings, DeepSpeech2)
    stride = math.prod(one.stride[0] for one in settings.convolutions)
    smallest = Lstm(type="lstm", stack=stride, keep_every=stride, lstm=(1,))
    found = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sounds = [_sound(folder / f"{seconds}.wav", seconds) for seconds in SECONDS]

        def a_frame(path: Path, frames: int, cpu: str) -> float:
            device = Device(title=cpu, runner="qemu", cpu=cpu)
            short, long = (
                instructions(device, program, model_payload(path), [sound], plugin)
                for sound in sounds
            )
            return (long - short) / frames

        path, frames = _exported(smallest, 0, folder)
        beside = {cpu: a_frame(path, frames, cpu) for cpu in CPUS}
        for zeros in ZEROS:
            path, frames = _exported(settings, zeros, folder)
            for cpu in CPUS:
                engine = a_frame(path, frames, cpu)
                size = path.stat().st_size
                found.append(SparseModel(cpu, zeros, size, engine, engine - beside[cpu]))
    return found


def _exported(settings: Model, zeros: int, folder: Path) -> tuple[Path, int]:
    """Write a model; return its file, and its output frames between the two lengths of sound."""
    torch.manual_seed(1)
    model = models.build(settings, characters(ALPHABET), "partial").eval()
    if zeros:
        set_masks(model.bank, blocks_at(model.bank, zeros / 100, ENGINE_BLOCK), ENGINE_BLOCK)
    models.save(model, folder / "model.pt")
    export(folder / "model.pt", "int8", folder / f"{zeros}.gguf")
    first, last = model.output_lengths(torch.tensor(SECONDS) * FRAMES_PER_SECOND).tolist()
    return folder / f"{zeros}.gguf", last - first


def _sound(path: Path, seconds: int) -> Path:
    noise = np.random.default_rng(1).normal(scale=1000, size=16000 * seconds)
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(noise.astype("<i2").tobytes())
    return path
