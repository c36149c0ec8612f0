"""The kernels built and checked as the workflow does it: on this host, with sanitizers, and for
both ARMs under emulation; instruction counts against the committed ones; modelled cycles.

Builds stay in arm/build-*, so that an unchanged source is not built again.
"""

import os
import shutil
import subprocess

import engine_build
import pytest
from project import ROOT

from schatten.device import llvm_mca
from schatten.runtime import process
from schatten_bench import kernels, other_libraries
from schatten_bench.instruction_counts import (
    COLUMNS,
    KERNELS,
    NEON_32,
    count_instructions,
    products,
    read_counts,
    rises,
)

OPTIONS = {**engine_build.OPTIONS, "host": []}
"""All but the last are builds that tests of the engine use too."""
NEEDS = {
    **dict.fromkeys(("host", "shared", "sanitize"), ("cmake", "g++")),
    "aarch64": ("cmake", "aarch64-linux-gnu-g++", "qemu-aarch64"),
    "armv7": ("cmake", "arm-linux-gnueabihf-g++", "qemu-arm"),
}
KERNEL_PROGRAMS = ("test_gemm", "test_sparse", "test_nibbles", "test_vector", "run_gemm")
"""All that is built for ARMv7."""
PATIENCE = 600.0


@pytest.fixture
def built():
    """Build a target, warnings being errors, and return its folder."""

    def build(target):
        missing = [tool for tool in NEEDS[target] if shutil.which(tool) is None]
        if missing:
            pytest.skip(f"{', '.join(missing)} not installed")
        arm = ROOT / "arm"
        folder = arm / f"build-test-{target}"
        options = [option.format(arm=arm) for option in OPTIONS[target]]
        options.append("-DCMAKE_COMPILE_WARNING_AS_ERROR=ON")
        with process.locked(folder, PATIENCE):
            _run("cmake", "-S", arm, "-B", folder, *options)
            targets = ["--target", *KERNEL_PROGRAMS] if target == "armv7" else []
            _run("cmake", "--build", folder, "-j", "2", *targets)
        return folder

    return build


def _run(*command):
    done = subprocess.run(list(map(str, command)), check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


@pytest.mark.parametrize(
    ("target", "left_out"),
    [
        ("shared", "-Haswell$"),
        ("sanitize", "^$"),
        ("aarch64", "-cortex-a72$"),
        ("armv7", "-max$"),
        pytest.param("host", "^$", marks=pytest.mark.nightly),
        pytest.param("aarch64", "^$", marks=pytest.mark.nightly),
        pytest.param("armv7", "^$", marks=pytest.mark.nightly),
    ],
)
def test_builds_and_passes(built, target, left_out):
    """Nightly tests emulate every CPU; the others leave out one whose kernels another test runs."""
    options = ["-j", "2", "--output-on-failure", "--exclude-regex", left_out]
    _run("ctest", "--test-dir", built(target), *options)


@pytest.mark.parametrize(("target", "kernels"), [("aarch64", KERNELS), ("armv7", [NEON_32])])
def test_no_product_got_dearer(built, target, kernels):
    program, plugin = (
        built(target) / "bench/run_gemm",
        built("shared") / "bench/libinsn_plugin.so",
    )
    measured = {p: count_instructions(program, plugin, p) for p in products(kernels)}
    assert rises(read_counts(ROOT / "arm/bench/instructions.csv"), measured) == []


@pytest.fixture
def cycles(built):
    if shutil.which("llvm-mca-19") is None:
        pytest.skip("llvm-mca-19 not installed")
    return llvm_mca.cycles(built("aarch64") / "kernels/libschatten_kernels.a")


def test_modelled_cycles_keep_their_bounds(cycles):
    for (cpu, name), bounds in other_libraries.BOUNDS.items():
        reached = [cycles[cpu, name, n] for n in COLUMNS]
        assert all(ours <= bound for ours, bound in zip(reached, bounds, strict=True)), cpu
        for theirs in other_libraries.CYCLES[cpu, name].values():
            assert all(ours < other for ours, other in zip(reached, theirs, strict=True)), cpu


def test_sparse_loops_keep_their_bounds(built):
    if shutil.which("llvm-mca-19") is None:
        pytest.skip("llvm-mca-19 not installed")
    found = llvm_mca.sparse_cycles(built("aarch64") / "kernels/libschatten_kernels.a")
    # Of the whole matrix, with 75 % of its blocks zero.
    assert found["cortex-a53", "neon", 1] / 4 <= 0.11
    assert found["cortex-a72", "neon", 1] / 4 <= 0.042
    assert found["neoverse-n1", "dotprod", 4] / 4 <= 0.010


def test_loops_of_4_bits_keep_their_bounds(built, cycles):
    """In cache, where they cannot gain: NEON loses little, and sdot what a second port takes."""
    found = llvm_mca.narrow_cycles(built("aarch64") / "kernels/libschatten_kernels.a")
    for (cpu, name, columns), value in found.items():
        bound = 1.09 if name == "neon" else 1.47 if columns == 1 else 1.26
        assert value <= bound * cycles[cpu, name, columns], (cpu, name, columns)


def test_every_loop_is_as_fast_as_its_instructions_allow(cycles):
    """No core waits: the multiplications limit a loop, or with one column its loads."""
    macs_a_cycle = {
        ("neoverse-v2", "neon"): 16,
        ("neoverse-v2", "dotprod"): 64,
        ("apple-m1", "neon"): 16 / 1.5,
        ("apple-m1", "dotprod"): 48,
    }
    for (cpu, name), macs in macs_a_cycle.items():
        for n in COLUMNS:
            loads = 48 * n if name == "dotprod" else macs
            assert cycles[cpu, name, n] < 1.05 / min(macs, loads), (cpu, name, n)


def test_a_missing_cross_compiler_is_named(tmp_path):
    toolchain = ROOT / "arm/toolchains/aarch64-linux-gnu.cmake"
    hidden = ";".join(os.environ["PATH"].split(os.pathsep))
    options = [f"-DCMAKE_TOOLCHAIN_FILE={toolchain}", f"-DCMAKE_IGNORE_PATH={hidden}"]
    command = ["cmake", "-S", str(ROOT / "arm"), "-B", str(tmp_path), *options]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode != 0
    assert "apt-get install g++-aarch64-linux-gnu qemu-user" in done.stderr


def test_the_host_is_timed_beside_its_rivals(built, monkeypatch):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    monkeypatch.setattr(kernels, "SHAPES", ((96, 64),))
    monkeypatch.setattr(kernels, "COLUMNS", (2,))
    monkeypatch.setattr(kernels, "ROUNDS", 1)
    programs = built("shared") / "bench"
    (times,) = kernels.time_kernels(programs / "time_gemm", "scalar")
    assert times.kernels == "scalar"
    assert {"onnxruntime MatMulInteger", "onnxruntime DynamicQuantizeMatMul"} <= set(times.rivals)
    assert min(times.rivals.values()) > 0
    for rival in times.rivals:
        assert times.lead(rival) > times.bare_lead(rival)
    timed = {function.name for function in kernels.time_functions(programs / "time_vector")}
    assert timed == {"exp", "log", "sigmoid", "tanh"}
