"""Devices: their files, this host, an emulated CPU, and a board behind a real SSH server; speed."""

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

from schatten.artifacts import Measured
from schatten.artifacts.devices import PARTS
from schatten.cli import app
from schatten.decode.engine import Engine, Language
from schatten.device import devices, speed
from schatten.errors import UserError
from schatten.recipe.decoding import Decoding

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
    found = {path.stem: devices.load_device(path) for path in DEVICES.glob("*.yaml")}
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
        devices.load_device(_device(tmp_path, **content))


def test_host_and_emulated_cpu_hear_the_same(build, made, sounds, tmp_path):
    load = devices.model_payload(made("lstm", "int8")[1])
    program = build("shared") / "engine/schatten-recognize"
    host = devices.recognise(devices.load_device(DEVICES / "host.yaml"), program, load, sounds)
    assert len(host.texts) == 2
    assert host.texts[0]
    assert host.statistics["rtf"] > 0
    parts = [host.statistics[part] for part in PARTS]
    assert min(parts) > 0
    assert sum(parts) == pytest.approx(1, abs=3e-4)
    assert sum(parts[1:4]) == pytest.approx(host.statistics["acoustic_share"], abs=3e-4)
    if shutil.which("qemu-aarch64") is None:
        pytest.skip("qemu-aarch64 not installed")
    program = build("aarch64") / "engine/schatten-recognize"
    emulated = devices.load_device(DEVICES / "qemu-a53.yaml")
    found = devices.recognise(emulated, program, load, sounds)
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
    load = devices.model_payload(model)
    here = devices.recognise(devices.load_device(DEVICES / "host.yaml"), program, load, sounds)
    assert result["texts"] == here.texts
    assert result["speed_up"] == pytest.approx(1 / result["rtf"])
    assert "board: audio" in done.output
    damaged = tmp_path / "damaged.gguf"
    damaged.write_bytes(model.read_bytes()[:100])
    with pytest.raises(UserError, match=r"schatten-recognize: model\.gguf is cut off"):
        devices.recognise(
            devices.load_device(device), program, devices.model_payload(damaged), sounds
        )


def test_a_board_that_is_away_is_named(made, sounds, tmp_path):
    if shutil.which("ssh") is None:
        pytest.skip("openssh-client is not installed")
    model = made("lstm", "int8")[1]
    load = devices.model_payload(model)
    where = {"title": "board", "runner": "ssh:pi@127.0.0.1", "ssh_options": ["-p", "1"]}
    with pytest.raises(devices.Unreachable, match=r"127\.0\.0\.1 cannot be reached"):
        devices.recognise(devices.load_device(_device(tmp_path, **where)), model, load, sounds)


@pytest.fixture
def words(build, bundled, split, tmp_path):
    """What this host's engine makes of the split."""
    program, output = build("shared") / "engine/schatten-recognize", tmp_path / "test.hyp.txt"
    language = Language(bundled / "lm.bin", bundled / "lexicon.txt", tmp_path / "weights.json")
    engine = Engine(program, bundled / "model.gguf", Decoding(), language)
    engine.decode([(split, output)], split.parent)
    return output


def _measure(verb, device, bundled, split, words, output, *more):
    arguments = ["device", verb, "--device", device, "--bundle", bundled, "--cuts", split]
    arguments += ["--hypotheses", words, "--output", output, *more]
    done = CliRunner().invoke(app, list(map(str, arguments)))
    assert done.exit_code == 0, done.output + repr(done.exception)
    return json.loads(output.read_text()), done.output


def test_a_bundle_is_timed_here_and_behind_ssh(build, bundled, split, words, server, tmp_path):
    where = {"title": "board", "runner": f"ssh:{getpass.getuser()}@127.0.0.1"}
    board = _device(tmp_path, **where, ssh_options=server)
    more = ["--program", build("sanitize") / "engine/schatten-recognize", "--rounds", 2]
    given = (bundled, split, words, tmp_path / "measured.json", *more)
    for device, is_here in ((DEVICES / "host.yaml", True), (board, False)):
        found, said = _measure("measure", device, *given)
        assert Measured.model_validate(found)
        assert (found["utterances"], found["differing"], found["is_modelled"]) == (3, 0, False)
        assert found["audio_seconds"] == pytest.approx(5.0, abs=0.01)
        assert (found["cpu"] is not None) == is_here
        assert 0 < found["acoustic_share"] < 1
        assert min(found[name] for name in speed.MEASURED) > 0
        assert "0 of 3 differ" in said
    hypotheses = words.read_text()
    words.write_text(hypotheses.replace("a ", "a another ", 1))
    assert _measure("measure", board, *given, "--utterances", 2)[0]["differing"] == 1
    (bundled / "lm.bin").write_bytes((bundled / "lm.bin").read_bytes()[:-1])
    done = CliRunner().invoke(
        app,
        [
            "device",
            "run",
            "--device",
            str(board),
            "--bundle",
            str(bundled),
            "--program",
            str(more[1]),
            str(tmp_path / "audio/two.wav"),
        ],
    )
    assert "lm.bin has" in str(done.exception)


def test_the_speed_of_an_emulated_cpu_is_bounded(build, bundled, split, words, tmp_path):
    for tool in ("qemu-aarch64", "llvm-mca-19", "aarch64-linux-gnu-objdump"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} not installed")
    more = ["--program", build("aarch64") / "engine/schatten-recognize", "--utterances", 1]
    more += ["--plugin", build("shared") / "bench/libinsn_plugin.so"]
    more += ["--library", build("aarch64") / "kernels/libschatten_kernels.a"]
    given = (bundled, split, words, tmp_path / "measured.json", *more)
    found, said = _measure("estimate", DEVICES / "qemu-a53.yaml", *given)
    assert Measured.model_validate(found)
    assert (found["differing"], found["is_modelled"], found["peak_megabytes"]) == (0, True, None)
    assert found["speed_up"] > 1
    assert "(modelled), 0 of 1 differ" in said
    parts = [found[name] for name in PARTS]
    assert min(parts) > 0 and sum(parts) == pytest.approx(1, abs=0.001)
    assert found["acoustic_share"] == pytest.approx(sum(parts[1:4]), abs=0.001)
    again, _ = _measure("estimate", DEVICES / "qemu-a53.yaml", *given)
    assert [again[name] for name in PARTS] == parts, "counts, no times"
    assert f"of the instructions, feature {100 * parts[0]:.0f} %, convolution" in said
    found, said = _measure("estimate", DEVICES / "qemu-max.yaml", *given)
    assert (found["differing"], found["speed_up"]) == (0, None)
    with pytest.raises(UserError, match="no times of its own"):
        speed.measure(devices.load_device(DEVICES / "qemu-a53.yaml"), more[1], None, None, 1)


def test_devices_are_named_or_what_there_is(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert devices.device_names("host, rpi3 host") == ("host", "rpi3")
    for text, message in (("host rpi9", "there is no rpi9"), (" ", "names no device")):
        with pytest.raises(UserError, match=f"{message}; arm/devices has host, "):
            devices.device_names(text)


def test_the_newest_program_that_was_built_here_is_found(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    host = devices.Device(title="Here", runner="host")
    board = devices.Device(title="A board", runner="ssh:user@board")
    with pytest.raises(UserError, match=r"run scripts/build_engine\.sh, or give --program"):
        devices.program_for(host)
    with pytest.raises(UserError, match=r"build_engine\.sh --target aarch64, or give --program"):
        devices.program_for(board)
    places = {
        host: (".tools/engine/bin", "results/arm/host/bin"),
        board: ("results/arm/aarch64/bin", ".tools/engine-aarch64/bin"),
    }
    for device, folders in places.items():
        for when, folder in enumerate(folders, start=1):
            program = Path(folder) / "schatten-recognize"
            program.parent.mkdir(parents=True)
            program.touch()
            os.utime(program, (when, when))
            assert devices.program_for(device) == program
