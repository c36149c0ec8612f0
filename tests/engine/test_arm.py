"""The ARM build under emulation gives the bits of the host build."""

import json
import shutil
import subprocess

import numpy as np
import pytest
import soundfile


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


@pytest.mark.parametrize(
    ("name", "rate", "form"),
    [("a.wav", 48000, "FLOAT"), ("a.flac", 11025, "PCM_24"), ("a.mp3", 44100, None)],
)
def test_decoders_and_resampler_give_the_same_bits(build, sound, tmp_path, name, rate, form):
    if shutil.which("qemu-aarch64") is None:
        pytest.skip("qemu-aarch64 not installed")
    soundfile.write(tmp_path / name, sound[:9000] / 32768, rate, form)
    commands = [
        ["qemu-aarch64", build("aarch64") / "tests/print_sound", tmp_path / name],
        [build("sanitize") / "tests/print_sound", tmp_path / name],
    ]
    found, expected = (
        subprocess.run(command, check=True, capture_output=True).stdout for command in commands
    )
    assert found == expected
    assert len(found) == 2 * -(-9000 * 16000 // rate)


def test_the_gate_gives_the_same_bits(build, made, sound, tmp_path):
    """Windows that are loud, quiet and asleep, words and evidence."""
    if shutil.which("qemu-aarch64") is None:
        pytest.skip("qemu-aarch64 not installed")
    noise = np.random.default_rng(2).normal(scale=9, size=24000).astype(np.int16)
    soundfile.write(tmp_path / "a.wav", np.concatenate([noise, sound[:16000], noise]), 16000)
    program = "engine/schatten-recognize"
    options = ["--json", "--gate-decibels", "9", made("dense", "int8")[1], tmp_path / "a.wav"]
    said = [
        subprocess.run(list(map(str, command)), check=True, capture_output=True).stdout
        for command in (
            ["qemu-aarch64", build("aarch64") / program, *options],
            [build("shared") / program, *options],
        )
    ]
    found, expected = ([json.loads(line) for line in one.splitlines()] for one in said)
    assert found[:-1] == expected[:-1]
    assert found[0]["evidence"] > 0
    assert found[-1]["asleep_seconds"] == expected[-1]["asleep_seconds"]
