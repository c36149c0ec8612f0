"""A whole acoustic model with zeros in its large matrices: instructions a frame of the engine."""

import math
import tempfile
from dataclasses import dataclass
from pathlib import Path

import torch

from schatten import models
from schatten.compress.forms import ENGINE_BLOCK
from schatten.compress.sparsity import blocks_at, set_masks
from schatten.device.instructions import CPUS, in_a_frame, write_sounds
from schatten.export.run import export
from schatten.recipe import load
from schatten.recipe.models import DeepSpeech2, Lstm, Model
from schatten.units import characters

RECIPE, MODEL = "voicesearch_like/lab", "small"
ALPHABET = "abcdefghijklmnopqrstuvwxyz'"
ZEROS = (0, 50, 75, 90)
"""Percent of the blocks of the large matrices that are zero."""


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
        sounds = write_sounds(folder)

        def a_frame(path: Path, cpu: str) -> float:
            return in_a_frame(path, stride, cpu, sounds, program, plugin)

        path = _exported(smallest, 0, folder)
        beside = {cpu: a_frame(path, cpu) for cpu in CPUS}
        for zeros in ZEROS:
            path = _exported(settings, zeros, folder)
            for cpu in CPUS:
                engine, size = a_frame(path, cpu), path.stat().st_size
                found.append(SparseModel(cpu, zeros, size, engine, engine - beside[cpu]))
    return found


def _exported(settings: Model, zeros: int, folder: Path) -> Path:
    """Write a model with random weights; return its file."""
    torch.manual_seed(1)
    model = models.build(settings, characters(ALPHABET), "partial").eval()
    if zeros:
        set_masks(model.bank, blocks_at(model.bank, zeros / 100, ENGINE_BLOCK), ENGINE_BLOCK)
    models.save(model, folder / "model.pt")
    export(folder / "model.pt", "int8", folder / f"{zeros}.gguf")
    return folder / f"{zeros}.gguf"
