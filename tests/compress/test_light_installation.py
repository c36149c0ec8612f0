"""`pip install schatten` alone, torch and numpy, gives `schatten.compress` and nothing else."""

import json
import os
import subprocess
import sys
import textwrap
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from project import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def names(requirements: list[str]) -> set[str]:
    """Return the packages that these requirements name."""
    return {canonicalize_name(Requirement(line).name) for line in requirements}


WORKFLOW = names(PROJECT["optional-dependencies"]["workflow"]) - names(
    metadata.requires("torch") or []
)
"""The packages that the workflow alone brings: torch wants Jinja too."""
BLOCKED = {
    module
    for module, packages in metadata.packages_distributions().items()
    if WORKFLOW & {canonicalize_name(name) for name in packages}
}
"""The modules of the workflow's packages."""
WITHOUT = f"""
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {BLOCKED!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)

sys.meta_path.insert(0, Absent())
"""
"""Hides the workflow's packages from what is imported below."""
COMPRESSES = """
import torch
from schatten.compress import (
    LowRankRnn, blocks_at, compress, factor_fully, remove_rnn_units, set_masks, to_torch,
    trace_norm_penalty, truncate_to_budget,
)

torch.manual_seed(1)
gru = torch.nn.GRU(32, 32, num_layers=2)
small = LowRankRnn(gru)
factor_fully(small.bank)
trace_norm_penalty(small.bank, 0.1, 0.1).backward()
truncate_to_budget(small.bank, 6_000)
size = lambda module: sum(one.numel() for one in module.parameters())
assert size(small.bank) <= 6_000 < size(gru)
assert small(torch.randn(5, 3, 32))[0].shape == (5, 3, 32)
model = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.ReLU(), torch.nn.Linear(64, 8))
less = compress(model, rank=4)
assert size(less) < 1_500
plain = to_torch(less)
x = torch.randn(2, 64)
assert torch.allclose(plain(x), less(x), atol=1e-5)
masked = LowRankRnn(gru)
set_masks(masked.bank, blocks_at(masked.bank, 0.5, (4, 4), "uniform"), (4, 4))
assert remove_rnn_units(gru, torch.nn.Linear(32, 4), hidden=8)[0].hidden_size == 8
print("compressed")
"""


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_package_itself_needs_torch_and_numpy() -> None:
    assert [Requirement(line).name for line in PROJECT["dependencies"]] == ["torch", "numpy"]
    assert {"typer", "pydantic", "lhotse", "snakemake", "soundfile", "rich"} <= BLOCKED
    assert not {"torch", "numpy"} & BLOCKED


def test_compress_works_without_the_workflows_packages() -> None:
    done = python(WITHOUT + COMPRESSES)
    assert (done.stdout, done.returncode) == ("compressed\n", 0), done.stderr


REQUIRES = """
from importlib import metadata
from schatten import __main__

metadata.requires = lambda name: ["torch>=2.13", "absent-one>=1; extra == 'workflow'"]
"""


def test_without_the_extra_the_command_says_one_sentence() -> None:
    done = python(f"{WITHOUT}{REQUIRES}\n__main__.main()", "show")
    assert (done.stdout, done.returncode) == ("", 1)
    assert done.stderr == (
        "schatten: typer is missing, which the command line needs: "
        "pip install 'schatten[workflow]'\n"
    )


def test_a_module_that_is_missing_for_another_reason_is_an_error_of_ours() -> None:
    whole = REQUIRES.replace("absent-one>=1", "torch>=2")
    done = python(f"{WITHOUT}{whole}\n__main__.main()", "show")
    assert done.returncode == 1 and "ModuleNotFoundError: No module named 'typer'" in done.stderr


@pytest.mark.nightly
def test_the_wheel_alone_compresses_in_a_fresh_environment(tmp_path: Path) -> None:
    """It fetches torch's wheel, so it needs pip's index and some minutes."""

    def run(*command: object) -> str:
        plain = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "VIRTUAL"))}
        done = subprocess.run(
            [*map(str, command)], cwd="/", env=plain, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout

    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--quiet"]
    run(*build, "--wheel-dir", tmp_path, ROOT)
    [wheel] = tmp_path.glob("schatten-*.whl")
    run(sys.executable, "-m", "venv", tmp_path / "fresh")
    fresh = tmp_path / "fresh/bin/python"
    run(fresh, "-m", "pip", "install", "--quiet", wheel, f"torch=={metadata.version('torch')}")
    listed = json.loads(run(fresh, "-m", "pip", "list", "--format", "json"))
    there = {canonicalize_name(one["name"]) for one in listed}
    assert {"schatten", "torch", "numpy"} <= there and not there & WORKFLOW
    assert run(fresh, "-c", COMPRESSES) == "compressed\n"
    command = [tmp_path / "fresh/bin/schatten", "run", "wer_tables"]
    said = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)
    assert said.returncode == 1 and said.stderr.startswith("schatten: typer is missing")
    assert "pip install 'schatten[workflow]'" in said.stderr
