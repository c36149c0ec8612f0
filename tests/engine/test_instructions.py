"""Instructions for a frame: one count for the verb and the bench; emulation is replaced."""

import json

import pytest
from typer.testing import CliRunner

from schatten.artifacts import Instructions
from schatten.cli import app
from schatten.device import instructions
from schatten.errors import UserError
from schatten.runtime.files import sha256, write_json

LOADING, A_FRAME = 5_000_000.0, {"cortex-a53": 400.0, "max": 250.0}


@pytest.fixture
def model(tmp_path):
    """A file for the engine, with a stride of 4 feature frames."""
    path = tmp_path / "model.int8.gguf"
    path.write_bytes(b"weights")
    latency = {"seconds": 0.2, "stride_frames": 4}
    write_json(path.with_suffix(".json"), {"bytes": 7, "latency": latency})
    return path


@pytest.fixture(autouse=True)
def emulated(monkeypatch):
    """Count as a program would that loads, and then takes as many for each frame."""

    def count(device, program, payload, audio, plugin):
        (sound,) = audio
        seconds = (sound.stat().st_size - 44) / 2 / 16000
        return LOADING + A_FRAME[device.cpu] * seconds * 100 / 4

    monkeypatch.setattr(instructions, "instructions", count)


def test_loading_does_not_count(model, tmp_path):
    found = instructions.count(model, tmp_path / "program", tmp_path / "plugin")
    assert found.a_frame == A_FRAME
    assert found.frames_per_second == 25
    assert found.sha256 == sha256(model)


def test_the_verb_writes_and_says_them(model, tmp_path):
    output = tmp_path / "model.int8.instructions.json"
    options = {"--model": model, "--program": "p", "--plugin": "q", "--output": output}
    words = [str(word) for pair in options.items() for word in pair]
    done = CliRunner().invoke(app, ["device", "instructions", *words])
    assert done.exit_code == 0, done.output
    assert "max: 250 instructions a frame" in done.output
    assert Instructions.read(output).a_frame == A_FRAME
    assert json.loads(output.read_text())["sha256"] == sha256(model)


def test_a_missing_model_is_named(model, tmp_path):
    model.with_suffix(".json").unlink()
    with pytest.raises(UserError, match=r"write both with `schatten export`"):
        instructions.count(model, tmp_path / "program", tmp_path / "plugin")
