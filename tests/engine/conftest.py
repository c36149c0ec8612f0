"""The built engine, small language models, a bundle, and sound."""

import os

import numpy as np
import pytest
import soundfile
from engine_build import build, made
from engine_library import Engine
from lhotse import CutSet, MonoCut, Recording, SupervisionSegment
from small_models import ALPHABET, PHONES

from schatten.export.bundle import bundle
from schatten.lm import kenlm
from schatten.recipe.decoding import Decoding
from schatten.runtime.files import write_json


@pytest.fixture(scope="session")
def engine(build):
    return Engine(build("shared") / "engine/libschatten.so")


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    """A lexicon of short words over the small models' letters, and a bigram of them."""
    folder = tmp_path_factory.mktemp("lm")
    random = np.random.default_rng(1)
    words = sorted(
        {"".join(random.choice(list(ALPHABET), size=size)) for size in (1, 2, 2, 3, 3, 4) * 12}
    )
    lexicon, arpa = folder / "lexicon", folder / "lm.arpa"
    lexicon.write_text("".join(f"{word}\t{' '.join(word)}\n" for word in words))
    unigrams = [f"{-random.uniform(1, 3):.3f}\t{word}\t-0.3" for word in words]
    pairs = sorted({tuple(random.choice(words, size=2)) for _ in range(200)})
    bigrams = [f"{-random.uniform(0.2, 2):.3f}\t{first} {second}" for first, second in pairs]
    lines = ["\\data\\", f"ngram 1={len(words) + 3}", f"ngram 2={len(bigrams)}", ""]
    lines += ["\\1-grams:", "-5\t<unk>\t0", "-99\t<s>\t-0.3", "-1.5\t</s>\t0", *unigrams, ""]
    arpa.write_text("\n".join([*lines, "\\2-grams:", *bigrams, "", "\\end\\", ""]))
    return arpa, lexicon


@pytest.fixture(scope="session")
def phone_lexicon(files):
    """The words of `files` over the small models' phones, of which many sound alike."""
    random = np.random.default_rng(2)
    words = [line.split("\t")[0] for line in files[1].read_text().splitlines()]
    lines = [
        f"{word}\t{' '.join(random.choice(PHONES.names[1:], size=random.integers(1, 4)))}\n"
        for word in words
        for _ in range(random.integers(1, 3))
    ]
    path = files[1].with_name("words.phones.tsv")
    path.write_text("".join(lines))
    return path


@pytest.fixture(scope="session")
def binary(files):
    """The bigram as a KenLM binary."""
    path = files[0].with_name("bin")
    kenlm.binarise(files[0], path, None, 100)
    return path


@pytest.fixture
def bundled(files, binary, made, tmp_path):
    """A bundle of a small model and language model."""
    weights = tmp_path / "weights.json"
    write_json(weights, {"lm_weight": 0.6, "word_bonus": 2.0})
    sources = {"model": made("lstm", "int8")[1], "lm": binary, "lexicon": files[1]}
    bundle(**sources, weights=weights, settings=Decoding(), output=tmp_path / "bundle")
    return tmp_path / "bundle"


@pytest.fixture
def split(sound, tmp_path):
    """Three utterances in two recordings, one of them of another rate; paths are relative."""
    (tmp_path / "audio").mkdir()
    soundfile.write(tmp_path / "audio/one.flac", sound, 16000)
    soundfile.write(tmp_path / "audio/two.wav", sound[::2], 8000)
    cuts = []
    for name, file, start, duration in (
        ("a", "one.flac", 0.0, 2.0),
        ("b", "one.flac", 0.5, 1.0),
        ("c", "two.wav", 0.0, 2.0),
    ):
        recording = Recording.from_file(tmp_path / "audio" / file, recording_id=file)
        recording.sources[0].source = f"audio/{file}"
        speech = SupervisionSegment(name, file, 0.0, duration, text="x", speaker="s")
        cuts.append(MonoCut(f"{name}-cut", start, duration, 0, [speech], recording=recording))
    path = tmp_path / "test.cuts.jsonl.gz"
    CutSet.from_cuts(cuts).to_file(path)
    return path


@pytest.fixture(scope="session")
def sound():
    """Two seconds of gliding voices with pauses and a little noise, 16-bit."""
    rng = np.random.default_rng(5)
    time = np.arange(32000) / 16000
    phase = 2 * np.pi * (130 * time + 20 * np.sin(3 * time))
    voice = sum(np.sin(k * phase) / k for k in range(1, 30)) * np.maximum(0, np.sin(7 * time))
    return (4000 * voice + 60 * rng.normal(size=len(time))).astype(np.int16)


@pytest.fixture
def recorder(tmp_path, monkeypatch):
    """Return a function that puts a program named arecord on the path, and its arguments' file."""

    def make(script):
        program = tmp_path / "bin/arecord"
        program.parent.mkdir()
        program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/arguments\n{script}\n')
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
        return tmp_path / "arguments"

    return make
