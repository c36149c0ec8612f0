"""The engine is timed beside its rivals, each in a process of its own."""

import sys

import pytest

from schatten.errors import UserError
from schatten.export.onnx import export_onnx
from schatten_bench import engines, tier_models
from schatten_bench.engines import EngineProgram


def test_programs_are_timed_in_turns(build, made, tmp_path):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    model, ours = made("partial", "int8")
    theirs = tmp_path / "model.onnx"
    export_onnx(ours.with_name("partial.pt"), "int8", 4, theirs)
    rival = [sys.executable, "-m", "schatten.cli", "device", "rival", "onnxruntime", theirs]
    programs = [
        EngineProgram("engine int8", [build("shared") / "bench/time_engine", ours], ours),
        EngineProgram("onnxruntime", rival, theirs),
    ]
    results = engines.time_engines(programs, 2)
    assert [len(result.chunks) for result in results] == [2, 2]
    assert all(0 < result.grown_bytes <= result.peak_bytes for result in results)
    parameters = model.parameters_at_inference()
    first, second = engines.table_lines(results, 80000.0, parameters, {"engine int8": "int8"})
    ratio = results[1].microseconds / results[0].microseconds
    assert first["x fastest rival"] == f"{ratio:.2f}"
    assert second["x fastest rival"] == ""
    assert first["bytes/parameter"] == f"{ours.stat().st_size / parameters:.3f}"


def test_a_program_that_fails_is_named(build, tmp_path):
    absent = tmp_path / "absent.gguf"
    program = build("shared") / "bench/time_engine"
    with pytest.raises(UserError, match="engine int8 failed: run"):
        engines.time_engines([EngineProgram("engine int8", [program, absent], absent)], 1)
    with pytest.raises(UserError, match="schatten run arm builds it"):
        engines.time_engines(
            [EngineProgram("engine int8", [tmp_path / "absent", absent], absent)], 1
        )


def test_tiers_have_the_sizes_of_the_paper():
    for tier, least, most in (
        ("dense-11M", 10.4e6, 11.6e6),
        ("factored-15M", 14e6, 15.5e6),
        ("phones-15M", 14e6, 15.5e6),
    ):
        assert least < tier_models.build_tier(tier).parameters_at_inference() < most
