"""The engine withstands fuzzed files, threads on one model, and an hour of sound.

What draws files and what finds races are builds of their own; they are nightly tests.
"""

import subprocess

import pytest
from engine_build import FUZZERS
from project import ROOT

CORPUS = ROOT / "arm/fuzz/corpus"
KINDS = [name.removeprefix("fuzz_") for name in FUZZERS]
SECONDS = 10


def _run(*command):
    done = subprocess.run(list(map(str, command)), check=False, capture_output=True, text=True)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done.stdout + done.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_kept_inputs_are_read_or_refused(build, kind):
    files = sorted((CORPUS / kind).iterdir())
    assert len(files) >= 4
    said = _run(build("sanitize") / f"fuzz/fuzz_{kind}", *files)
    assert f"{len(files)} files" in said


@pytest.mark.nightly
@pytest.mark.parametrize("kind", KINDS)
def test_fuzzing_for_seconds_finds_nothing(build, kind, tmp_path):
    program = build("fuzz") / f"fuzz/fuzz_{kind}"
    (tmp_path / "found").mkdir()
    limits = ["-max_len=16384", "-timeout=20", "-rss_limit_mb=2048", "-print_final_stats=1"]
    folders = [tmp_path / "found", CORPUS / kind]
    prefix = f"-artifact_prefix={tmp_path}/"
    said = _run(program, f"-max_total_time={SECONDS}", *limits, prefix, *folders)
    assert "stat::number_of_executed_units" in said


@pytest.fixture(params=["greedy", "lm"])
def language(request):
    """The arguments of a small language model, or none."""
    if request.param == "greedy":
        return []
    return [request.getfixturevalue("binary"), request.getfixturevalue("files")[1]]


@pytest.mark.nightly
@pytest.mark.parametrize("name", ["joint.int8", "lstm.fp32"])
def test_streams_in_threads_share_nothing_that_is_written(build, language, name):
    said = _run(build("thread") / "tests/test_streams", CORPUS / f"model/{name}.gguf", *language)
    assert "4 streams" in said


@pytest.mark.parametrize(
    "name", ["lstm.int8", pytest.param("phones.int8", marks=pytest.mark.nightly)]
)
def test_an_hour_of_sound_allocates_nothing_and_has_the_words_of_its_parts(
    build, language, phone_lexicon, name
):
    if language and name.startswith("phones"):
        language = [language[0], phone_lexicon]
    said = _run(build("shared") / "tests/test_memory", CORPUS / f"model/{name}.gguf", *language)
    hour, *further = said.splitlines()
    assert hour == "3601 s in 180 utterances, nothing allocated"
    few = "180 s in 9 utterances, nothing allocated"
    minutes = ["there is not enough memory", few, few]
    assert further == (minutes if language else [])
