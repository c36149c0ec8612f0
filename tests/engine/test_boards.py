"""Devices: their files, this host, an emulated CPU, and a board behind a real SSH server."""

import getpass
import json
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest
from project import ROOT
from test_recognize import wav
from typer.testing import CliRunner

from schatten.cli import app
from schatten.device import boards
from schatten.errors import UserError

DEVICES = ROOT / "arm/devices"
SSHD = Path("/usr/sbin/sshd")


def _device(folder, **content):
    path = folder / "device.yaml"
    path.write_text(json.dumps(content))
    return path


@pytest.fixture
def sounds(sound, tmp_path):
    return [wav(tmp_path / "a b.wav", sound[:16000]), wav(tmp_path / "c.wav", sound[9000:])]


@pytest.fixture
def server(tmp_path):
    """A real OpenSSH server on loopback that lets this user in; options that reach it."""
    if not SSHD.exists() or shutil.which("ssh") is None:
        pytest.skip("openssh-server is not installed")
    for key in ("host", "user"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / key)]
        subprocess.run(command, check=True)
    shutil.copy(tmp_path / "user.pub", tmp_path / "allowed")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = tmp_path / "sshd_config"
    settings.write_text(
        f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {tmp_path}/host\nUsePAM no\n"
        f"AuthorizedKeysFile {tmp_path}/allowed\nStrictModes no\nPidFile none\n"
        "PasswordAuthentication no\nPermitRootLogin yes\n"
    )
    process = subprocess.Popen([SSHD, "-D", "-e", "-f", settings], stderr=subprocess.PIPE)
    _wait_for(port, process)
    known = ["-o", "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={tmp_path}/known"]
    yield ["-p", str(port), "-i", str(tmp_path / "user"), "-F", "none", *known]
    process.terminate()
    process.wait()


def _wait_for(port, process):
    for _ in range(600):
        if process.poll() is not None:
            pytest.skip(f"sshd does not run here: {process.stderr.read().decode()[-300:]}")
        with socket.socket() as trial:
            if trial.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail("sshd does not answer")


def test_every_device_is_sound():
    found = {path.stem: boards.load(path) for path in DEVICES.glob("*.yaml")}
    assert {"host", "qemu-a53", "qemu-max", "rpi3", "rpi4"} <= set(found)
    assert found["host"].has_times
    assert not found["qemu-a53"].has_times


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"title": "x", "runner": "qemu"}, "qemu needs one"),
        ({"title": "x", "runner": "host", "cpu": "max"}, "qemu needs one"),
        ({"title": "x", "runner": "ssh:-oProxyCommand=x"}, "runner"),
        ({"title": "x", "runner": "host", "ssh_options": ["-p", "1"]}, "ssh_options"),
        ({"title": "x", "runner": "host", "speed": 1}, "speed"),
    ],
)
def test_wrong_devices_are_refused(tmp_path, content, message):
    with pytest.raises(UserError, match=message):
        boards.load(_device(tmp_path, **content))


def test_host_and_emulated_cpu_hear_the_same(build, made, sounds, tmp_path):
    _, model = made("lstm", "int8")
    program = build("shared") / "engine/schatten-recognize"
    host = boards.recognise(boards.load(DEVICES / "host.yaml"), program, model, sounds)
    assert len(host.texts) == 2
    assert host.texts[0]
    assert host.statistics["rtf"] > 0
    if shutil.which("qemu-aarch64") is None:
        pytest.skip("qemu-aarch64 not installed")
    program = build("aarch64") / "engine/schatten-recognize"
    emulated = boards.load(DEVICES / "qemu-a53.yaml")
    found = boards.recognise(emulated, program, model, sounds)
    assert found.texts == host.texts
    assert set(found.statistics) == {"audio_seconds"}


def test_a_board_behind_ssh_sends_its_results_back(build, made, sounds, server, tmp_path):
    _, model = made("lstm", "int8")
    program = build("sanitize") / "engine/schatten-recognize"
    where = {"title": "board", "runner": f"ssh:{getpass.getuser()}@127.0.0.1"}
    device = _device(tmp_path, **where, ssh_options=server)
    output = tmp_path / "result.json"
    arguments = ["device", "run", *sounds, "--device", device, "--model", model]
    arguments += ["--program", program, "--output", output]
    done = CliRunner().invoke(app, list(map(str, arguments)))
    assert done.exit_code == 0, done.output + str(done.exception)
    result = json.loads(output.read_text())
    here = boards.recognise(boards.load(DEVICES / "host.yaml"), program, model, sounds)
    assert result["texts"] == here.texts
    assert result["speed_up"] == pytest.approx(1 / result["rtf"])
    assert "board: audio" in done.output
    damaged = tmp_path / "damaged.gguf"
    damaged.write_bytes(model.read_bytes()[:100])
    with pytest.raises(UserError, match=r"schatten-recognize: model\.gguf is cut off"):
        boards.recognise(boards.load(device), program, damaged, sounds)


def test_a_board_that_is_away_is_named(made, sounds, tmp_path):
    if shutil.which("ssh") is None:
        pytest.skip("openssh-client is not installed")
    _, model = made("lstm", "int8")
    where = {"title": "board", "runner": "ssh:pi@127.0.0.1", "ssh_options": ["-p", "1"]}
    with pytest.raises(boards.Unreachable, match=r"127\.0\.0\.1 cannot be reached"):
        boards.recognise(boards.load(_device(tmp_path, **where)), model, model, sounds)
