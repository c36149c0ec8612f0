"""The engine is timed beside its rivals, each in a process of its own."""

import sys

import pytest

from schatten.device import contest, tiers
from schatten.device.contest import Contestant
from schatten.errors import UserError
from schatten.export.onnx import export_onnx


def test_contestants_are_timed_in_turns(build, made, tmp_path):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    model, ours = made("partial", "int8")
    theirs = tmp_path / "model.onnx"
    export_onnx(ours.with_name("partial.pt"), "int8", 4, theirs)
    rival = [sys.executable, "-m", "schatten.cli", "device", "rival", "onnxruntime", theirs]
    contestants = [
        Contestant("engine int8", [build("shared") / "bench/time_engine", ours], ours),
        Contestant("onnxruntime", rival, theirs),
    ]
    results = contest.hold(contestants, 2)
    assert [len(result.chunks) for result in results] == [2, 2]
    assert all(0 < result.grown_bytes <= result.peak_bytes for result in results)
    parameters = model.parameters_at_inference()
    first, second = contest.lines(results, 80000.0, parameters, {"engine int8": "int8"})
    ratio = results[1].microseconds / results[0].microseconds
    assert first["x fastest rival"] == f"{ratio:.2f}"
    assert second["x fastest rival"] == ""
    assert first["bytes/parameter"] == f"{ours.stat().st_size / parameters:.3f}"


def test_a_contestant_that_fails_is_named(build, tmp_path):
    absent = tmp_path / "absent.gguf"
    program = build("shared") / "bench/time_engine"
    with pytest.raises(UserError, match="engine int8 failed: run"):
        contest.hold([Contestant("engine int8", [program, absent], absent)], 1)
    with pytest.raises(UserError, match="schatten run arm builds it"):
        contest.hold([Contestant("engine int8", [tmp_path / "absent", absent], absent)], 1)


def test_tiers_have_the_sizes_of_t():
    for tier, least, most in (("dense-11M", 10.4e6, 11.6e6), ("factored-15M", 14e6, 15.5e6)):
        assert least < tiers.build(tier).parameters_at_inference() < most
