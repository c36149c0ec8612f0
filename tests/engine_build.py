"""The engine, built for this host, with sanitizers and for AArch64; small models for it."""

import shutil
import subprocess

import pytest
from project import ROOT
from small_models import KINDS

from schatten import models
from schatten.export.run import export
from schatten.runtime import process

WASM = ["-DCMAKE_TOOLCHAIN_FILE={arm}/toolchains/wasm.cmake", "-DSCHATTEN_PROGRAM=OFF"]
OPTIONS = {
    "shared": ["-DBUILD_SHARED_LIBS=ON"],
    "sanitize": ["-DSCHATTEN_SANITIZE=ON"],
    "thread": ["-DSCHATTEN_THREAD_SANITIZE=ON"],
    "fuzz": [
        "-DSCHATTEN_FUZZ=ON",
        "-DCMAKE_C_COMPILER=clang-19",
        "-DCMAKE_CXX_COMPILER=clang++-19",
    ],
    "aarch64": ["-DCMAKE_TOOLCHAIN_FILE={arm}/toolchains/aarch64-linux-gnu.cmake"],
    "armv7": ["-DCMAKE_TOOLCHAIN_FILE={arm}/toolchains/arm-linux-gnueabihf.cmake"],
    "wasm": WASM,
    "wasm-scalar": [*WASM, "-DSCHATTEN_SIMD=OFF"],
}
NEEDS = {
    "shared": "g++",
    "sanitize": "g++",
    "thread": "g++",
    "fuzz": "clang++-19",
    "aarch64": "aarch64-linux-gnu-g++",
    "wasm": "emcc",
    "wasm-scalar": "emcc",
}
FUZZERS = [
    "fuzz_model",
    "fuzz_sound",
    "fuzz_resampler",
    "fuzz_lexicon",
    "fuzz_manifest",
    "fuzz_stream",
    "fuzz_search",
    "fuzz_endpoints",
    "fuzz_words",
    "fuzz_commands",
]
PROGRAMS = ["schatten-recognize", "print_logprobs", "decode_logprobs"]
KERNEL_TESTS = ["test_gemm", "test_sparse", "test_nibbles", "test_vector"]
TARGETS = {
    "shared": [
        *PROGRAMS,
        "schatten",
        "time_engine",
        "time_memory",
        "test_memory",
        "test_dispatch",
        "test_selection",
        "insn_plugin",
    ],
    "sanitize": [*PROGRAMS, *FUZZERS, "print_sound"],
    "thread": ["test_streams"],
    "fuzz": FUZZERS,
    "aarch64": [*PROGRAMS, "schatten", "print_sound"],
    "wasm": ["schatten-engine", *KERNEL_TESTS, "test_selection"],
    "wasm-scalar": ["schatten-engine", *KERNEL_TESTS, "test_selection"],
}
PATIENCE = 600.0


def _run(*command):
    done = subprocess.run(list(map(str, command)), check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


@pytest.fixture(scope="session")
def build():
    """Build the engine for a target, warnings being errors, and return the folder."""
    done = {}

    def make(target):
        missing = [tool for tool in ("cmake", NEEDS[target]) if shutil.which(tool) is None]
        if missing:
            pytest.skip(f"{', '.join(missing)} not installed")
        if target not in done:
            arm = ROOT / "arm"
            done[target] = arm / f"build-test-{target}"
            options = [option.format(arm=arm) for option in OPTIONS[target]]
            options.append("-DCMAKE_COMPILE_WARNING_AS_ERROR=ON")
            with process.locked(done[target], PATIENCE):
                _run(ROOT / "scripts/build_kenlm.sh", "--source")
                _run(ROOT / "scripts/get_miniaudio.sh")
                _run("cmake", "-S", arm, "-B", done[target], *options)
                _run("cmake", "--build", done[target], "-j", "2", "--target", *TARGETS[target])
        return done[target]

    return make


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """Make a model of a kind: the torch model, and the file for the engine."""
    folder = tmp_path_factory.mktemp("models")

    def make(kind, precision="fp32"):
        model, output = KINDS[kind](), folder / f"{kind}.{precision}.gguf"
        if not output.exists():
            models.save(model, folder / f"{kind}.pt")
            export(folder / f"{kind}.pt", precision, output)
        return model, output

    return make
