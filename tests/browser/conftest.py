"""The report of made-up results, with real bundles of a small model, in headless Chromium."""

import itertools
import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
from engine_build import build
from fake_sound import make_heard_experiment
from project import ROOT
from small_models import ALPHABET, KINDS

from schatten import models
from schatten.export.bundle import bundle
from schatten.export.run import export
from schatten.lm import kenlm
from schatten.recipe.decoding import Decoding
from schatten.recipe.layout import WEB
from schatten.report import page
from schatten.report.collect import Experiment
from schatten.runtime import files

__all__ = ["build"]
ENABLED = "SCHATTEN_TEST_BROWSER" in os.environ
OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--window-size=1280,1500",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
PATIENCE = 300.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not ENABLED:
        skip = pytest.mark.skip(reason="needs a browser: make test-browser")
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(skip)


@pytest.fixture(scope="session")
def voice() -> np.ndarray:
    """Two seconds of gliding voices with pauses, which small models hear words in; 16-bit."""
    time = np.arange(32000) / 16000
    phase = 2 * np.pi * (130 * time + 20 * np.sin(3 * time))
    waves = sum(np.sin(k * phase) / k for k in range(1, 30)) * np.maximum(0, np.sin(7 * time))
    return (4000 * waves).astype(np.int16)


@pytest.fixture(scope="session")
def recording(voice: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sound") / "voice.wav"
    soundfile.write(path, voice, 16000)
    return path


@pytest.fixture(scope="session")
def experiment(tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    """Made-up results whose bundles are real: of two small models, untrained."""
    found = make_heard_experiment(tmp_path_factory.mktemp("heard"))
    parts = tmp_path_factory.mktemp("parts")
    words = "".join(f"{a}{b}\t{a} {b}\n" for a in ALPHABET[:6] for b in ALPHABET[:6])
    (parts / "lexicon").write_text(words)
    lines = [line.split("\t")[0] for line in words.splitlines()]
    (parts / "arpa").write_text(_bigrams(lines))
    kenlm.binarise(parts / "arpa", parts / "bin", None, 100)
    files.write_json(parts / "weights.json", {"lm_weight": 0.6, "word_bonus": 2.0})
    for kind in ("lstm", "dense"):
        models.save(KINDS[kind](), parts / f"{kind}.pt")
        export(parts / f"{kind}.pt", "int8", parts / f"{kind}.gguf")
    for number, model in enumerate(found.models):
        folder = found.layout.bundle(model.node, "large")
        shutil.rmtree(folder)
        bundle(
            model=parts / f"{('lstm', 'dense')[number % 2]}.gguf",
            lm=parts / "bin",
            lexicon=parts / "lexicon",
            weights=parts / "weights.json",
            settings=Decoding(),
            output=folder,
        )
    return found


def _bigrams(words: list[str]) -> str:
    """Return an ARPA file in which all words are alike, and pairs of neighbours likelier."""
    unigrams = [f"-1.5\t{word}\t-0.3" for word in words]
    pairs = [f"-0.8\t{a} {b}" for a, b in itertools.pairwise(words)]
    counts = [f"ngram 1={len(words) + 3}", f"ngram 2={len(pairs)}"]
    marks = ["-5\t<unk>\t0", "-99\t<s>\t-0.3", "-1.5\t</s>\t0"]
    parts = ["\\data\\", *counts, "", "\\1-grams:", *marks, *unigrams, ""]
    return "\n".join([*parts, "\\2-grams:", *pairs, "", "\\end\\", ""])


@pytest.fixture(scope="session")
def report(experiment: Experiment) -> Path:
    """The page, with the engine where `make wasm` built it."""
    web = ROOT / WEB
    sources = page.Sources(None, None, web if web.is_dir() else None)
    page.write(experiment, sources, experiment.layout.report)
    return experiment.layout.report


@pytest.fixture(scope="session")
def driver(recording: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """Headless Chromium whose microphone plays the recording over and over; it can resolve no name.

    Played once, it could be over before a busy machine has connected the microphone.
    """
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    profile = tmp_path_factory.mktemp("profile")
    for one in (
        *OPTIONS,
        f"--use-file-for-fake-audio-capture={recording}",
        f"--user-data-dir={profile}",
    ):
        options.add_argument(one)
    logs = {"browser": "ALL", "performance": "ALL"}
    options.set_capability("goog:loggingPrefs", logs)
    found = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
    found.set_page_load_timeout(PATIENCE)
    found.set_script_timeout(PATIENCE)
    yield found
    found.quit()


def requests_of(driver: object) -> list[str]:
    """Return the addresses that the browser asked for since it was last asked."""
    entries = driver.get_log("performance")  # type: ignore[attr-defined]
    messages = [json.loads(entry["message"])["message"] for entry in entries]
    return [
        message["params"]["request"]["url"]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
    ]


sys.modules.setdefault("browser_conftest", sys.modules[__name__])
