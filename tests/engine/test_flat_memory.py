"""Eight hours of sound on one stream take no more memory than half an hour of it.

The sound is a minute, over and over: voices with pauses that end utterances, then faint noise in
which nobody speaks. The nightly test hears eight hours, for about a minute of CPU time each.
"""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from small_models import KINDS

from schatten import models
from schatten.export.run import export

RATE = 16000
HIGHEST = 256 * 1024
"""Bytes by which the peak may be higher at the end: the kernel counts pages in groups of up to 64
for each thread, and sums them up late."""
WORDS = "abab\t\t3\nbaba\t\t3\nabab baba\t\t4\n"


@pytest.fixture
def minute(sound):
    """Return raw sound of a minute, in which the model hears words and then sleeps."""
    random = np.random.default_rng(3)
    parts = []
    for seconds in (1.2, 1.5, 2.0, 1.2, 1.8, 25.3):  # after each voice, and 27 s without any
        parts += [sound, random.normal(scale=20, size=round(seconds * RATE)).astype(np.int16)]
    whole = np.concatenate(parts)
    return np.resize(whole, 60 * RATE).astype("<i2").tobytes()


@pytest.fixture(scope="session")
def model(engine, sound, tmp_path_factory):
    """A model that hears letters in voices, and nothing in faint noise."""
    folder = tmp_path_factory.mktemp("model")
    own = KINDS["lstm"]()

    def exported():
        models.save(own, folder / "model.pt")
        export(folder / "model.pt", "int8", folder / "model.gguf")
        return folder / "model.gguf"

    probe = engine.open(exported())
    quiet = np.random.default_rng(4).normal(scale=20, size=9 * RATE).astype(np.int16)
    over = [
        float((frames[:, 2:].max(axis=1) - frames[:, 0]).max())
        for frames in (probe.stream().whole(one)[1] for one in (sound, quiet))
    ]
    assert over[0] > over[1], "some letter is likelier in voices"
    own.output.bias.data[0] += sum(over) / 2
    return exported()


def peak_of(process):
    """Return the most bytes that a process had resident so far."""
    for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return 1024 * int(line.split()[1])
    raise AssertionError("no peak in its status: has it ended?")


def listened(command, minute, first, whole, folder):
    """Hear `whole` minutes; return the peak after `first` of them, the last one, and the answers.

    What is written is read but for the pipe's buffer, two seconds of sound.
    """
    with (folder / "said").open("wb") as said:
        process = subprocess.Popen(
            list(map(str, command)), stdin=subprocess.PIPE, stdout=said, stderr=subprocess.PIPE
        )
        with process:
            peaks = []
            for number in range(1, whole + 1):
                process.stdin.write(minute)
                if number in (first, whole):
                    process.stdin.flush()
                    peaks.append(peak_of(process))
            process.stdin.close()
            problem = process.stderr.read()
        assert process.returncode == 0, problem.decode()[-2000:]
    *utterances, totals = map(json.loads, (folder / "said").read_text().splitlines())
    assert totals["audio_seconds"] == pytest.approx(60 * whole, abs=0.1)
    return peaks, utterances, totals


def command_of(build, model, binary, files, *options):
    program = build("shared") / "engine/schatten-recognize"
    search = ["--lm", binary, "--lexicon", files[1], "--lm-weight", 0.6, "--word-bonus", 2]
    return [program, "--json", *search, *options, model]


def test_the_meter_sees_an_utterance_that_never_ends(build, model, binary, files, minute, tmp_path):
    """Its text and its words are kept, so the peak rises: by more than what the others may."""
    command = command_of(build, model, binary, files)
    (before, after), utterances, _ = listened(command, minute, 1, 12, tmp_path)
    assert len(utterances) == 1
    assert after - before > HIGHEST


@pytest.mark.parametrize(
    ("first", "whole"), [(12, 16), pytest.param(30, 8 * 60, marks=pytest.mark.nightly)]
)
@pytest.mark.parametrize("extras", ["plain", "gate and words"])
def test_memory_stays_flat(build, model, binary, files, minute, tmp_path, extras, first, whole):
    options = ["--silence", 0.6, "--maximum", 15]
    if extras != "plain":
        (tmp_path / "words.tsv").write_text(WORDS)
        options += ["--gate-decibels", 8, "--gate-evidence", 0.02, "--alternatives", 5]
        options += ["--words", tmp_path / "words.tsv"]
    command = command_of(build, model, binary, files, *options)
    (before, after), utterances, totals = listened(command, minute, first, whole, tmp_path)
    assert len(utterances) >= 3 * whole, "utterances end, and hold words"
    assert (totals["asleep_seconds"] > 10 * whole) == (extras != "plain")
    print(f"{extras}: {before} bytes after {first} minutes, {after} after {whole}")
    assert after - before <= HIGHEST
