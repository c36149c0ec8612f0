"""The engine in WebAssembly: it gives the texts and the bits of the native program."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import soundfile
from project import ROOT

pytestmark = [pytest.mark.nightly, pytest.mark.xdist_group("web")]
RECOGNIZE = ROOT / "arm/web/node/recognize.mjs"
LARGEST = 1_000_000
"""Bytes of the module."""


@pytest.fixture(scope="module", params=["wasm", "wasm-scalar"])
def built(build, request):
    """A build for WebAssembly: with vectors of 128 bits, and without."""
    if shutil.which("node") is None:
        pytest.skip("node not installed")
    return build(request.param)


@pytest.fixture(scope="module")
def web(built):
    """The folder that a page loads."""
    return built / "web"


@pytest.fixture(scope="module")
def recognize(web):
    """Recognise raw sound in Node; return the utterances."""

    def run(*arguments):
        command = ["node", RECOGNIZE, web, *arguments]
        done = subprocess.run(list(map(str, command)), check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-3000:]
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run


@pytest.fixture
def pcm(sound, tmp_path):
    path = tmp_path / "sound.pcm"
    path.write_bytes(sound.tobytes())
    return path


def native_logprobs(build, model, pcm):
    command = [build("shared") / "tests/print_logprobs", model, pcm, "1600"]
    return subprocess.run(command, check=True, capture_output=True).stdout


@pytest.mark.parametrize("precision", ["int8", "fp32"])
@pytest.mark.parametrize("kind", ["partial", "lstm_projection", "pruned"])
def test_log_probabilities_have_the_native_bits(
    recognize, build, made, pcm, tmp_path, kind, precision
):
    model = made(kind, precision)[1]
    expected = native_logprobs(build, model, pcm)
    assert len(expected) > 1000
    for options in (["--chunk", "1600"], ["--chunk", "1777", "--float"]):
        recognize(model, pcm, "--logprobs", tmp_path / "bits", *options)
        assert (tmp_path / "bits").read_bytes() == expected


def as_json(utterance):
    """Return an utterance as `schatten-recognize --json` rounds it."""
    words = [
        {"word": one["text"], **{key: round(one[key], 3) for key in ("start", "end")}}
        | {"confidence": round(one["confidence"], 4)}
        for one in utterance["words"]
    ]
    places = {"score": 4, "posterior": 6}
    others = [
        {"text": one["text"], **{key: round(one[key], count) for key, count in places.items()}}
        for one in utterance["alternatives"]
    ]
    return {"text": utterance["text"], "words": words, "alternatives": others}


@pytest.mark.parametrize("silence", ["0", "0.1"])
def test_words_of_a_bundle_are_those_of_the_program(
    recognize, build, bundled, sound, pcm, tmp_path, silence
):
    soundfile.write(tmp_path / "query.wav", sound, 16000)
    options = ["--silence", silence, "--alternatives", "3"]
    told = subprocess.run(
        [bundled / "recognize.sh", "--json", *options, tmp_path / "query.wav"],
        check=True,
        capture_output=True,
        env={**os.environ, "SCHATTEN_RECOGNIZE": build("shared") / "engine/schatten-recognize"},
    )
    expected = [json.loads(line) for line in told.stdout.splitlines()[:-1]]
    assert len(expected) > (silence != "0") and expected[0]["text"]
    for one in expected:
        del one["file"]
    found = recognize(bundled, pcm, *options)
    assert [as_json(one) for one in found if one["words"] or one is found[-1]] == expected


def test_kernels_have_the_bits_of_every_cpu(built):
    """Sums by their definition, and the checksums of x86 and ARM; a beam's best too."""
    command = ["ctest", "--test-dir", built, "--output-on-failure"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:]
    run = set(re.findall(r"Test +#\d+: (\w+)", done.stdout))
    assert run == {"gemm", "sparse", "nibbles", "vector", "selection"}, "none is left out"


def test_the_module_is_small(web):
    assert (web / "schatten-engine.wasm").stat().st_size <= LARGEST


def test_the_interface_keeps_its_promises(web, bundled, pcm):
    script = Path(__file__).with_name("web_interface.mjs")
    command = ["node", *map(str, (script, web, bundled, pcm))]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("good\n", 0), done.stderr[-3000:]
