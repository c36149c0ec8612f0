"""All parts of a release, built from this tree and tried as `make release` tries them.

The model is a small one that nobody trained. It needs pip's index, and compilers for ARM and wasm.
"""

import shutil
import sys

import pytest
import soundfile
from project import ROOT

from schatten.export import package

sys.path.insert(0, str(ROOT / "scripts"))
import release
import release_tries

pytestmark = [pytest.mark.nightly, pytest.mark.xdist_group("web")]


def test_a_release_of_a_small_model_is_built_and_tried(bundled, sound, tmp_path, monkeypatch):
    if missing := list(release.not_installed()):
        pytest.skip("; ".join(missing))
    monkeypatch.chdir(ROOT)
    version = release.versions(ROOT)["pyproject.toml"]
    made, work, log = (tmp_path / name for name in ("made", "work", "log"))
    for folder in (made, work):
        folder.mkdir()
    release.build_programs(version, work, made, log)
    release.build_wheels(made, log)
    release.build_web(version, work, made, log)

    from schatten.device.programs import licences

    programs = {
        target: ROOT / f".tools/engine-{target}/bin/schatten-recognize"
        for target in release.TARGETS
    }
    packed = work / f"schatten-{version}-toy"
    package.pack(bundled, programs, "Untrained.", "A toy", licences(), packed)
    shutil.move(f"{packed}.tar.gz", made)
    release.write_notes(version, made)
    expected = release.names_of(version, [release.Model("toy", None)])
    assert all(list(made.glob(name)) for name in expected)
    assert len(list(made.iterdir())) == len(expected), "nothing else is released"

    soundfile.write(tmp_path / "query.wav", sound, 16000)
    release_tries.try_all(made, version, {"toy": tmp_path / "query.wav"}, log)
    said = log.read_text()
    assert said.count("unshare --map-root-user --root=") == 1
    assert "qemu-aarch64 -L" in said and "qemu-arm -L" in said
