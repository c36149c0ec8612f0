"""The installed library: what it exports, and programs that find it by pkg-config and by CMake."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import soundfile
from project import ROOT

from schatten import __version__

EXAMPLE = ROOT / "examples/recognize.c"
PROJECT = f"""\
cmake_minimum_required(VERSION 3.20)
project(app LANGUAGES C)
find_package(schatten {__version__} REQUIRED)
add_executable(recognize recognize.c)
target_link_libraries(recognize PRIVATE schatten::schatten)
"""
PAUSE = 0.8
"""Seconds of silence that end an utterance in the example."""


def run(*command, stdin=None, **variables):
    done = subprocess.run(
        [str(word) for word in command],
        check=False,
        input=stdin,
        capture_output=True,
        env={**os.environ, **variables},
    )
    assert done.returncode == 0, (done.stdout + done.stderr).decode()
    return done.stdout.decode()


def installed(build, folder):
    """Install the library alone, and move the tree: nothing in it may know where it was."""
    run("cmake", "--install", build, "--prefix", folder / "first", "--component", "library")
    (folder / "first").rename(folder / "moved")
    return folder / "moved"


def compiled(compiler, tree, folder, *options):
    """Compile the example with pkg-config's flags; return the program."""
    path = str(tree / "lib/pkgconfig")
    flags = run("pkg-config", "--cflags", "--libs", "schatten", PKG_CONFIG_PATH=path).split()
    program = folder / "recognize"
    run(compiler, *options, "-Wall", "-Werror", EXAMPLE, *flags, "-o", program)
    return program


def compiled_by_cmake(compiler, tree, folder):
    """Build the example in a project of C alone that finds the package; return the program."""
    source = folder / "project"
    source.mkdir()
    (source / "CMakeLists.txt").write_text(PROJECT)
    shutil.copy(EXAMPLE, source)
    options = [f"-DCMAKE_PREFIX_PATH={tree}", f"-DCMAKE_C_COMPILER={compiler}"]
    run("cmake", "-S", source, "-B", source / "build", *options)
    run("cmake", "--build", source / "build")
    return source / "build/recognize"


@pytest.fixture
def hears(build, made, files, binary, sound, tmp_path):
    """Check that a command hears what schatten-recognize hears, without and with words."""
    path = tmp_path / "query.wav"
    soundfile.write(path, sound, 16000)
    program = build("shared") / "engine/schatten-recognize"
    model, words = made("lstm", "int8")[1], [binary, files[1]]

    def check(*command, **variables):
        for lm in ([], words):
            options = ["--lm", lm[0], "--lexicon", lm[1]] if lm else []
            said = run(program, "--silence", PAUSE, *options, model, stdin=path.read_bytes())
            expected = said.splitlines()[:-1]
            assert expected
            found = run(*command, model, *lm, stdin=sound.tobytes(), **variables)
            assert found.splitlines() == expected

    return check


def test_the_shared_library_exports_the_interface_and_nothing_else(build):
    library = build("shared") / "engine/libschatten.so"
    lines = run("nm", "-D", "--defined-only", library).splitlines()
    declared = re.findall(
        r"\b(schatten_\w+)\(", re.sub(r"/\*.*?\*/", "", header(), flags=re.DOTALL)
    )
    assert sorted(line.split()[-1] for line in lines) == sorted(set(declared))


def header():
    return (ROOT / "arm/engine/schatten.h").read_text()


def test_a_program_in_c_links_the_shared_library(build, hears, tmp_path):
    tree = installed(build("shared"), tmp_path)
    names = {str(path.relative_to(tree)) for path in tree.rglob("*") if path.is_file()}
    major, minor, _ = __version__.split(".")
    library = f"lib/libschatten.so.{major}.{minor}"
    assert {"include/schatten.h", library, "lib/libschatten.so"} <= names
    assert {"share/doc/schatten/LICENSE", "share/doc/schatten/kenlm/COPYING.LESSER.3"} <= names
    for program in (compiled("cc", tree, tmp_path), compiled_by_cmake("cc", tree, tmp_path)):
        hears(program, LD_LIBRARY_PATH=str(tree / "lib"))


def test_a_program_in_c_links_the_static_library(build, hears, tmp_path):
    """All of it lies in one archive, and pkg-config names what it needs: the C compiler links."""
    tree = installed(build("aarch64"), tmp_path)
    assert [path.name for path in tree.glob("lib/*.a")] == ["libschatten.a"]
    program = compiled("aarch64-linux-gnu-gcc", tree, tmp_path, "-static")
    hears("qemu-aarch64", program)


def test_the_example_is_short():
    assert len(EXAMPLE.read_text().splitlines()) <= 50


def test_a_build_without_tests_has_the_library_and_its_program_alone(tmp_path):
    for preset in ("host", "aarch64"):
        folder = tmp_path / preset
        run("cmake", "-S", ROOT / "arm", "--preset", preset, "-B", folder)
        listed = run("cmake", "--build", folder, "--target", "help")
        targets = set(re.findall(r"^\.\.\. (\S+)$", listed, re.MULTILINE))
        assert {"schatten", "schatten-recognize"} <= targets
        assert [name for name in targets if re.match("test|fuzz|time|run|insn", name)] == []
        assert "QEMU" not in (folder / "CMakeCache.txt").read_text()


def test_without_kenlm_one_sentence_says_what_to_run(tmp_path):
    command = ["cmake", "-S", ROOT / "arm", "-B", tmp_path, f"-DSCHATTEN_KENLM={tmp_path}/none"]
    done = subprocess.run([*map(str, command)], check=False, capture_output=True, text=True)
    assert done.returncode != 0
    assert "KenLM's source is missing: run scripts/build_kenlm.sh --source, or give" in done.stderr


@pytest.fixture
def clone(tmp_path):
    """The script that fetches KenLM in a folder of its own, without a network."""
    (tmp_path / "scripts").mkdir()
    shutil.copy(ROOT / "scripts/build_kenlm.sh", tmp_path / "scripts")
    return tmp_path


def fetch(clone: Path, *options):
    done = subprocess.run(
        [clone / "scripts/build_kenlm.sh", *options],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHON": "/bin/false"},
    )
    return done.returncode, done.stdout + done.stderr


def test_source_that_is_there_is_not_fetched_again(clone):
    source = clone / ".tools/kenlm/source"
    source.mkdir(parents=True)
    (source / "version").write_text("0.3.0\n")  # where it was before, and shadowed <version>
    status, said = fetch(clone, "--source")
    assert (status, said) == (0, "KenLM 0.3.0: source already in .tools/kenlm/source\n")
    assert [path.name for path in source.iterdir()] == ["KENLM_VERSION"]


def test_source_alone_needs_no_tools_and_leaves_nothing_where_it_fails(clone):
    status, said = fetch(clone, "--source")
    assert status == 1 and "the source package did not download: see " in said
    assert not (clone / ".tools/kenlm").exists()
    assert fetch(clone, "--sauce") == (
        1,
        "KenLM 0.3.0: there is no option '--sauce': take --source or --missing\n",
    )


@pytest.mark.nightly
def test_a_program_in_c_links_the_static_library_of_this_machine(hears, tmp_path):
    """Built without tests, by GCC, and by clang with libc++: found by pkg-config and by CMake."""
    compilers = [("cc", "c++", "")]
    if shutil.which("clang++-19") and Path("/usr/lib/llvm-19/include/c++/v1").is_dir():
        compilers.append(("clang-19", "clang++-19", "-stdlib=libc++"))
    for c, cpp, flags in compilers:
        folder, options = tmp_path / c, [f"-DCMAKE_C_COMPILER={c}", f"-DCMAKE_CXX_COMPILER={cpp}"]
        folder.mkdir()
        options += [f"-DCMAKE_CXX_FLAGS={flags}", "-DCMAKE_COMPILE_WARNING_AS_ERROR=ON"]
        run("cmake", "-S", ROOT / "arm", "--preset", "host", "-B", folder / "build", *options)
        run("cmake", "--build", folder / "build", "-j", "2")
        tree = installed(folder / "build", folder)
        hears(compiled(c, tree, folder))
        hears(compiled_by_cmake(c, tree, folder))
