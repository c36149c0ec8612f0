"""`schatten pack` after the smoke recipe: programs for each target, which hear the same words."""

import platform
import shutil
import subprocess
from pathlib import Path

import pytest
from project import SMOKE, Project

pytestmark = [pytest.mark.workflow, pytest.mark.xdist_group("workflow"), pytest.mark.nightly]

EMULATORS = {"aarch64": "qemu-aarch64", "armv7": "qemu-arm"}


def test_every_target_hears_the_same(done: Project, tmp_path: Path) -> None:
    if not shutil.which("arm-linux-gnueabihf-g++"):
        pytest.skip("no compiler for armv7: apt-get install g++-arm-linux-gnueabihf")
    targets = dict.fromkeys((platform.machine(), "aarch64", "armv7"))
    options = [word for target in targets for word in ("--target", target)]
    package = tmp_path / "package"
    command = ("schatten", "pack", "--recipe", SMOKE, *options, "--output", str(package))
    status, output = done.run(*command)
    assert status == 0, output
    sound = min(done.path.glob("results/voicesearch_like/*/audio/test/*/*.flac"))
    query = package / "query.wav"
    done.run(
        "python", "-c", f"import soundfile as s; s.write({str(query)!r}, *s.read({str(sound)!r}))"
    )
    heard = {}
    for target in targets:
        program = package / f"bin/{target}/schatten-recognize"
        emulated = tmp_path / target
        emulator = "" if target == platform.machine() else EMULATORS[target]
        emulated.write_text(f'#!/bin/sh\nexec {emulator} {program} "$@"\n')
        emulated.chmod(0o755)
        environment = {"PATH": "/usr/bin:/bin", "SCHATTEN_RECOGNIZE": str(emulated)}
        run = [package / "recognize.sh", "--json", query]
        said = subprocess.run(run, env=environment, capture_output=True, text=True, check=True)
        heard[target] = said.stdout.splitlines()[0]
        headers = subprocess.run(["readelf", "-lW", program], capture_output=True, check=True)
        assert b"INTERP" not in headers.stdout, "it is static"
    assert len(set(heard.values())) == 1, heard
    assert '"text": "' in heard["armv7"]
