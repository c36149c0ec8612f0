"""Weights of 4 bits that stay so in memory: the bits of weights in 8 bits, in half of the bytes."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import gguf
import numpy as np
import pytest
import torch
from project import ROOT
from small_models import LETTERS

from schatten import models
from schatten.export.run import export
from schatten.recipe.models import Lstm

NARROW = {**os.environ, "SCHATTEN_KERNELS": "scalar"}
"""Of the kernels of x86, the plain ones alone keep 4 bits."""


def log_probs(program, model, sound, tmp_path, environment, cpu=None):
    (tmp_path / "sound.pcm").write_bytes(sound[:9000].tobytes())
    emulator = ["qemu-aarch64", "-cpu", cpu] if cpu else []
    command = [*emulator, program, model, tmp_path / "sound.pcm", "1000"]
    done = subprocess.run(list(map(str, command)), check=True, capture_output=True, env=environment)
    assert len(done.stdout) > 500
    return done.stdout


def packed_bytes(build, model, **environment):
    """Return the bytes of the weights in memory, as a process of its own says it."""
    code = "import sys; from engine_library import Engine; "
    code += "print(Engine(sys.argv[1]).open(sys.argv[2]).info.packed_bytes)"
    folders = [str(Path(__file__).parent), str(ROOT / "src")]
    done = subprocess.run(
        [sys.executable, "-c", code, build("shared") / "engine/libschatten.so", model],
        check=True,
        capture_output=True,
        text=True,
        env={**NARROW, **environment, "PYTHONPATH": os.pathsep.join(folders)},
    )
    return int(done.stdout)


@pytest.mark.parametrize("cpu", ["cortex-a53", "neoverse-n1", "max"])
@pytest.mark.parametrize("kind", ["dense", "joint", "lstm"])
def test_an_arm_gives_the_bits_of_8_bits(build, engine, made, sound, tmp_path, cpu, kind):
    if shutil.which("qemu-aarch64") is None:
        pytest.skip("qemu-aarch64 not installed")
    model = made(kind, "int4")[1]
    program = build("aarch64") / "tests/print_logprobs"
    environment = {**os.environ, "SCHATTEN_INT4": "nibbles"}
    found = log_probs(program, model, sound, tmp_path, environment, cpu)
    assert found == engine.open(model).stream().whole(sound[:9000])[1].tobytes()


@pytest.mark.parametrize("kind", ["dense", "joint", "lstm", "pruned"])
def test_this_host_gives_the_bits_of_8_bits(build, made, sound, tmp_path, kind):
    program, model = build("shared") / "tests/print_logprobs", made(kind, "int4")[1]
    found = {
        log_probs(program, model, sound, tmp_path, {**NARROW, "SCHATTEN_INT4": form})
        for form in ("", "bytes", "nibbles")
    }
    assert len(found) == 1


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A model whose matrices of 4 bits would take 0.64 MB in 8 bits."""
    torch.manual_seed(1)
    folder = tmp_path_factory.mktemp("large")
    settings = Lstm(type="lstm", stack=2, keep_every=2, lstm=(256, 160))
    models.save(models.build(settings, LETTERS, "partial").eval(), folder / "model.pt")
    export(folder / "model.pt", "int4", folder / "model.gguf")
    return folder / "model.gguf"


def test_a_large_model_stays_narrow_unless_asked(build, large):
    whole = packed_bytes(build, large, SCHATTEN_INT4="bytes")
    narrow = packed_bytes(build, large, SCHATTEN_INT4="nibbles")
    # Beside the weights there are scales and sums of rows, and the output in 8 bits.
    assert whole > 600_000
    assert narrow < 0.54 * whole
    assert packed_bytes(build, large) == narrow


def test_a_small_model_is_unpacked_unless_asked(build, made):
    model = made("dense", "int4")[1]
    whole = packed_bytes(build, model, SCHATTEN_INT4="bytes")
    assert packed_bytes(build, model) == whole
    assert packed_bytes(build, model, SCHATTEN_INT4="nibbles") < whole


def test_a_matrix_with_the_lowest_number_is_unpacked(build, made, sound, tmp_path):
    """Files of other writers may hold -8, which `schatten export` never writes."""
    path = tmp_path / "model.gguf"
    path.write_bytes(made("dense", "int4")[1].read_bytes())
    reader = gguf.GGUFReader(path, "r+")
    (tensor,) = (one for one in reader.tensors if one.name == "layer.2.rec.0")
    tensor.data.view(np.uint8)[0, 0] = 0x88
    reader.data.flush()
    program = build("shared") / "tests/print_logprobs"
    narrow, whole = (
        log_probs(program, path, sound, tmp_path, {**NARROW, "SCHATTEN_INT4": form})
        for form in ("nibbles", "bytes")
    )
    assert narrow == whole
    before = packed_bytes(build, made("dense", "int4")[1], SCHATTEN_INT4="nibbles")
    assert packed_bytes(build, path, SCHATTEN_INT4="nibbles") > before


def test_another_word_is_refused(build, made):
    done = subprocess.run(
        [build("shared") / "engine/schatten-recognize", made("dense", "int4")[1], "absent.wav"],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "SCHATTEN_INT4": "half"},
    )
    assert done.returncode != 0
    assert "SCHATTEN_INT4=half: give nibbles or bytes" in done.stderr
