"""The page in headless Chromium: its fake microphone plays a recording, the page shows words."""

import functools
import http.server
import json
import os
import queue
import shutil
import subprocess
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile
from project import ROOT

from schatten.recipe.layout import WEB

pytestmark = [pytest.mark.nightly, pytest.mark.xdist_group("web")]
PATIENCE = 300.0
OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder, and takes the result that a page posts."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(204)
        self.end_headers()
        self.server.results.put(json.loads(body))

    def log_message(self, *_):
        pass


@pytest.fixture
def built(build):
    """The folder of the engine for browsers: `make test-browser` has built it just before."""
    return ROOT / WEB if "SCHATTEN_TEST_BROWSER" in os.environ else build("wasm") / "web"


@pytest.fixture
def served(built, bundled, tmp_path):
    """A server of the page with a bundle."""
    folder = tmp_path / "site"
    files = [*built.glob("*.js"), built / "schatten-engine.wasm", built / "index.html"]
    folder.mkdir()
    for file in [*files, Path(__file__).with_name("heard.html")]:
        shutil.copy(file, folder)
    shutil.copytree(bundled, folder / "voice")
    handler = functools.partial(Handler, directory=folder)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.results = queue.Queue()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def chromium():
    """The browser's name on the path."""
    for name in ("chromium", "google-chrome", "chrome"):
        if shutil.which(name):
            return name
    pytest.skip("chromium not installed: apt-get install chromium")


def shown(chromium, server, recording, profile):
    """Open the page with a recording as the microphone; return what it posts."""
    url = f"http://127.0.0.1:{server.server_address[1]}/heard.html"
    microphone = f"--use-file-for-fake-audio-capture={recording}%noloop"
    command = [chromium, *OPTIONS, microphone, f"--user-data-dir={profile}", url]
    with (profile.parent / "chromium.log").open("w") as log:
        browser = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            return server.results.get(timeout=PATIENCE)
        finally:
            browser.terminate()
            browser.wait()


def test_a_recording_is_heard_and_its_words_are_shown(
    chromium, served, engine, bundled, sound, tmp_path
):
    recording = tmp_path / "sound.wav"
    # It begins with a second of silence: on a busy machine the page connects the microphone late.
    soundfile.write(recording, np.concatenate([np.zeros(16000, sound.dtype), sound]), 16000)
    result = shown(chromium, served, recording, tmp_path / "profile")
    assert "error" not in result, result["error"]
    assert result["state"] == "Ready."

    heard = np.array(result["heard"], np.float32)
    expected = sound / np.float32(32768)
    # The browser's own resampling and start are unknown: the recording's envelope must be there.
    blocks = [np.abs(x[: len(x) // 160 * 160]).reshape(-1, 160).mean(1) for x in (heard, expected)]
    blocks = [(x - x.mean()) / x.std() for x in blocks]
    similarity = np.correlate(*blocks, mode="full").max() / len(blocks[1])
    assert similarity > 0.5

    # The native library, given the samples that reached the page, shows the same.
    manifest = json.loads((bundled / "manifest.json").read_text())
    model = engine.open(bundled / "model.gguf")
    lm = model.language_model(bundled / "lm.bin", bundled / "lexicon.txt")
    stream = model.stream(lm=lm, silence_seconds=0.8, **manifest["search"])
    texts = []
    while len(heard):
        heard = heard[stream.accept(heard) :]
        if stream.ended:
            texts.append(stream.text)
            stream.restart()
    stream.finish()
    texts.append(stream.text)
    assert result["texts"] == [text for text in texts if text] != []
    assert max(map(len, result["partials"])) > 0, "text grows while somebody speaks"
