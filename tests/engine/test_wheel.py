"""The Python package as users get it: built from its source, in an environment of its own."""

import ast
import json
import os
import subprocess
import sys
import tarfile
import tomllib

import pytest
import soundfile
from project import ROOT
from python_binding import PACKAGE, extension

STUB = ROOT / f"arm/python/src/{PACKAGE}/_engine.pyi"
VERSION = tomllib.loads((ROOT / "arm/python/pyproject.toml").read_text())["project"]["version"]
NAMES = """\
import json, sys, schatten_engine
engine = schatten_engine._engine
listed = {name: dir(part) for name, part in vars(engine).items() if name[0] != "_"}
print(json.dumps([listed, "torch" in sys.modules, schatten_engine.__version__]))
"""


def run(*command, **variables):
    """Run a command outside of the checkout, without what the tests' environment sets."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL"))}
    done = subprocess.run(
        [*map(str, command)],
        check=False,
        capture_output=True,
        text=True,
        cwd="/",
        env={**environment, **variables},
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def declared():
    """Return the names that the stub declares, and the methods of its classes."""
    found = {}
    for node in ast.parse(STUB.read_text()).body:
        if isinstance(node, ast.ClassDef):
            methods = [part.name for part in node.body if isinstance(part, ast.FunctionDef)]
            found[node.name] = set(methods)
        elif isinstance(node, ast.FunctionDef):
            found[node.name] = set()
    return found


def test_the_module_of_the_tests_has_what_the_stub_declares(engine, made):
    module = extension(engine)
    stream = module.Stream(module.Model(os.fsencode(made("lstm")[1])), None)
    for name, methods in declared().items():
        part = stream if name == "Stream" else getattr(module, name)
        assert [method for method in methods if not hasattr(part, method)] == []


@pytest.mark.nightly
def test_source_and_wheel_give_the_programs_words(bundled, build, sound, tmp_path):
    pytest.importorskip("build", reason="python -m build is missing: run `make setup_wheel`")
    run(sys.executable, "-m", "build", "-n", "--outdir", tmp_path / "dist", ROOT / "arm/python")
    [source] = (tmp_path / "dist").glob("*.tar.gz")
    with tarfile.open(source) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"kenlm/LICENSE", "kenlm/lm/model.cc", "arm/engine/schatten.h", "NOTICE"} <= names
    assert [name for name in names if name.endswith(("_test.cc", ".so", ".pyc"))] == []

    [wheel] = (tmp_path / "dist").glob("*.whl")
    run(sys.executable, "-m", "venv", tmp_path / "fresh")
    python = tmp_path / "fresh/bin/python"
    run(python, "-m", "pip", "install", "--quiet", wheel)
    packages = json.loads(run(python, "-m", "pip", "list", "--format", "json"))
    names = {one["name"].replace("_", "-") for one in packages}
    assert names - {"pip", "setuptools"} == {"numpy", "schatten-engine"}

    listed, has_torch, version = json.loads(run(python, "-c", NAMES))
    assert version == VERSION and not has_torch
    for name, methods in declared().items():
        assert methods <= set(listed[name]), name

    soundfile.write(tmp_path / "query.wav", sound, 16000)
    program = build("shared") / "engine/schatten-recognize"
    for options in ([], ["--silence", "0.1"]):
        command = [bundled / "recognize.sh", "--json", *options, tmp_path / "query.wav"]
        expected = run(*command, SCHATTEN_RECOGNIZE=str(program)).splitlines()[:-1]
        command = ["-m", PACKAGE, "recognize", "--json", *options]
        found = run(python, *command, bundled, tmp_path / "query.wav").splitlines()
        assert [*map(json.loads, found)] == [*map(json.loads, expected)]
    assert json.loads(expected[0])["text"]
