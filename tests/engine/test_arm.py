"""The ARM build under emulation gives the bits of the host build."""

import shutil
import subprocess

import numpy as np
import pytest


@pytest.mark.parametrize("cpu", ["cortex-a53", "max"])
@pytest.mark.parametrize("kind", ["joint", "lstm"])
@pytest.mark.parametrize("precision", ["fp32", "int8"])
def test_the_same_bits_as_on_this_host(build, engine, made, sound, tmp_path, cpu, kind, precision):
    if shutil.which("qemu-aarch64") is None:
        pytest.skip("qemu-aarch64 not installed")
    _, model = made(kind, precision)
    (tmp_path / "sound.pcm").write_bytes(sound[:16000].tobytes())
    program = build("aarch64") / "tests/print_logprobs"
    command = ["qemu-aarch64", "-cpu", cpu, program, model, tmp_path / "sound.pcm", "1000"]
    done = subprocess.run(list(map(str, command)), check=True, capture_output=True)
    _, expected = engine.open(model).stream().whole(sound[:16000])
    found = np.frombuffer(done.stdout, np.float32).reshape(expected.shape)
    assert np.array_equal(found, expected)
