"""Writers that no quick test runs, against files that they wrote before artifacts had classes."""

from pathlib import Path

import pytest
from project import ROOT
from typer.testing import CliRunner

from schatten.artifacts import BeamPoint, Beams, SearchError, read, write_list
from schatten.artifacts.devices import Measured, Recognised
from schatten.cli import app
from schatten.cli import device as device_verbs
from schatten.decode.search_errors import DecoderErrors
from schatten.device import devices, speed
from schatten.device.devices import DeviceRun
from schatten.runtime import provenance

DATA = Path(__file__).parent / "data"
STATISTICS = {
    "audio_seconds": 5.0,
    "rtf": 0.0123,
    "acoustic_share": 0.75,
    **{"feature_share": 0.15, "convolution_share": 0.25, "recurrent_share": 0.4},
    **{"output_share": 0.1, "search_share": 0.1},
    "peak_megabytes": 12.5,
    "load_seconds": 0.01,
    "first_seconds": 0.3,
    "final_seconds": 0.1,
}


@pytest.mark.parametrize("name", ["host", "qemu-a53"])
def test_a_measurement_has_the_bytes_it_had(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = DATA / f"measured.{name}.json"
    before = read(path, Measured)
    cpu = read(DATA / "measured.host.json", Measured).cpu
    monkeypatch.setattr(provenance, "machine_and_commit", lambda: {"cpu": cpu, "date": before.date})
    device = devices.load_device(ROOT / f"arm/devices/{name}.yaml")
    measured = {key: STATISTICS[key] if device.has_times else None for key in speed.MEASURED}
    found = speed._result(
        device,
        DeviceRun(["a", "b"], STATISTICS),
        speed.Sample([], ["a", "c"]),
        1 / STATISTICS["rtf"] if device.has_times else None,
        measured,
    )
    device_verbs._write(tmp_path / "measured.json", found)
    assert (tmp_path / "measured.json").read_bytes() == path.read_bytes()
    assert (
        capsys.readouterr().out
        == {
            "host": "this machine: 81.3 x real time, 1 of 2 differ\n"
            "of the time, feature 15 %, convolution 25 %, recurrent 40 %, output 10 %, "
            "search 10 %\n",
            "qemu-a53": "Cortex-A53, emulated: no speed is modelled, 1 of 2 differ\n",
        }[name]
    )


@pytest.mark.parametrize("name", ["", ".qemu-a53"])
def test_what_a_device_recognised_has_the_bytes_it_had(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = read(DATA / f"recognised{name}.json", Recognised)
    (tmp_path / "model.gguf").write_bytes(bytes(before.model_bytes))
    extra = {"compute_seconds": 0.0615, "utterances": 1.0}
    said = {"audio_seconds": 5.0} if name else {**STATISTICS, **extra}
    monkeypatch.setattr(devices, "recognise", lambda *_: DeviceRun(["call home"], said))
    output, device = tmp_path / "result.json", ROOT / f"arm/devices/{name[1:] or 'host'}.yaml"
    arguments = ["device", "run", "a.wav", "--device", device, "--output", output]
    arguments += ["--model", tmp_path / "model.gguf", "--program", tmp_path / "program"]
    (tmp_path / "program").write_text("")
    monkeypatch.chdir(tmp_path)
    Path("a.wav").write_bytes(b"")
    done = CliRunner().invoke(app, list(map(str, arguments)))
    assert done.exit_code == 0, done.output + repr(done.exception)
    assert output.read_bytes() == (DATA / f"recognised{name}.json").read_bytes()
    assert ("81.3 x real time" in done.output) != ("emulated, so no times" in done.output)


def test_search_errors_have_the_bytes_they_had(tmp_path: Path) -> None:
    error = SearchError(
        utterance="u1", words=("call", "home"), better=("call", "rome"), missed=0.123456
    )
    found = [DecoderErrors("engine", [error], 17, 3), DecoderErrors("graph", [], 17, 2)]
    write_list(tmp_path / "errors.json", [each.summary() for each in found])
    assert (tmp_path / "errors.json").read_bytes() == (DATA / "search_errors.json").read_bytes()


def test_a_curve_of_beams_has_the_bytes_it_had(tmp_path: Path) -> None:
    points = [
        BeamPoint(beam=1, wer=50.0, differing=12, seconds=0.0123),
        BeamPoint(beam=100, wer=2.5, differing=0, seconds=0.75),
    ]
    curve = Beams(utterances=30, seconds_of_audio=81.25, rounds=2, beams=points)
    curve.write(tmp_path / "beams.json")
    assert (tmp_path / "beams.json").read_bytes() == (DATA / "beams.json").read_bytes()
