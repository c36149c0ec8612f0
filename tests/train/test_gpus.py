"""GPUs are counted, and each training takes one of its own."""

import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from schatten.cli.run import app
from schatten.runtime import gpus
from schatten.runtime import run as runner


@pytest.fixture(autouse=True)
def _all_visible(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def test_gpus_are_counted_by_their_device_files(tmp_path: Path) -> None:
    for name in ("nvidia0", "nvidia1", "nvidia12", "nvidiactl", "nvidia-uvm", "null"):
        (tmp_path / name).touch()
    assert gpus.count(tmp_path) == 3


@pytest.mark.parametrize(
    ("visible", "count"),
    [
        ("2,3", 2),
        ("0", 1),
        (" 7 , 1", 2),
        ("", 0),
        ("-1", 0),
        ("1,-1,2", 1),
        ("3,8,1", 1),
        ("1,1", 0),
        ("GPU-8932f937,GPU-0123", 2),
        ("MIG-5a,0", 2),
        ("NoDevFiles", 0),
    ],
)
def test_of_eight_gpus_those_count_that_cuda_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, visible: str, count: int
) -> None:
    for number in range(8):
        (tmp_path / f"nvidia{number}").touch()
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert gpus.count(tmp_path) == count
    assert gpus.count(tmp_path / "none") == 0


def test_runs_that_see_other_gpus_do_not_share_locks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with gpus.one_of(2, tmp_path) as first:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,0")
        with gpus.one_of(2, tmp_path) as second, gpus.one_of(2, tmp_path) as third:
            assert (first, second, third) == (0, 0, 0)  # 0, 2, and none is left: 2 again
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,2")
        with gpus.one_of(2, tmp_path) as fourth:
            assert fourth == 1


def test_each_training_has_its_own_while_there_are_any(tmp_path: Path) -> None:
    with gpus.one_of(2, tmp_path) as first:
        with gpus.one_of(2, tmp_path) as second, gpus.one_of(2, tmp_path) as third:
            assert (first, second, third) == (0, 1, 0)
        with gpus.one_of(2, tmp_path) as again:
            assert again == 1


def test_a_killed_training_gives_its_own_back(tmp_path: Path) -> None:
    code = f"""
import time
from pathlib import Path
from schatten.runtime import gpus
with gpus.one_of(2, Path({str(tmp_path)!r})) as gpu:
    print(gpu, flush=True)
    time.sleep(600)
"""
    other = subprocess.Popen(["python", "-c", code], stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None
    assert other.stdout.readline() == "0\n"
    with gpus.one_of(2, tmp_path) as gpu:
        assert gpu == 1
    other.kill()
    other.communicate()
    with gpus.one_of(2, tmp_path) as gpu:
        assert gpu == 0


@pytest.mark.parametrize(("count", "said"), [(0, []), (4, ["--resources", "gpu=4"])])
def test_a_run_has_as_many_trainings_as_gpus(
    count: int, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[str] = []
    monkeypatch.setattr(gpus, "count", lambda: count)
    monkeypatch.setattr(runner, "run", lambda arguments, **_: found.extend(arguments) or 0)
    assert CliRunner().invoke(app, ["run", "-j2"]).exit_code == 0
    assert found == ["--cores", "2", *said, "--"]
    found.clear()
    assert CliRunner().invoke(app, ["run", "--profile", "slurm"]).exit_code == 0
    assert "--resources" not in found
