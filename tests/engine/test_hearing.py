"""microphone.js and worklet.js on fakes in Node: nothing is lost at the start or at the end."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from project import ROOT

WEB = ROOT / "arm/web"


def test_sound_that_waits_when_hearing_stops_is_heard_before_the_end(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is missing: apt-get install nodejs")
    for name in ("microphone.js", "worklet.js"):
        shutil.copy(WEB / name, tmp_path)
    (tmp_path / "schatten.js").write_text("export const SAMPLE_RATE = 16000;\n")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    script = Path(__file__).with_name("hearing.mjs")
    done = subprocess.run(
        [node, script, tmp_path], check=True, capture_output=True, text=True, timeout=300
    )
    said = json.loads(done.stdout)
    assert said["order"] == ["worklet", "microphone", "finish after 2560"]
    assert said["given"] == list(range(2560))
