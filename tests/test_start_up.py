"""Verbs start without packages that they do not use: a workflow starts them a hundred times."""

import subprocess
import sys

import pytest

HEAVY = {
    "torch",
    "torch._dynamo",
    "lhotse",
    "lightning",
    "lightning_fabric",
    "torchmetrics",
    "scipy",
    "matplotlib",
    "pandas",
    "snakemake",
    "tensorboard",
}
USED = {
    "cli": set[str](),
    "corpus": set[str](),
    "corpus.validate": set[str](),
    "units.make": set[str](),
    "lm.build": set[str](),
    "decode.run": set[str](),
    "decode.tune": set[str](),
    "decode.engine": set[str](),
    "score.run": set[str](),
    "score.paired": set[str](),
    "export.bundle": set[str](),
    "report.tables": set[str](),
    "runtime.explain": set[str](),
    "workflow": set[str](),
    "report.figures": {"matplotlib"},
    "features.store": {"torch", "lhotse"},
    "decode.acoustic": {"torch", "lhotse"},
    "export.run": {"torch", "lhotse"},
    "train.steps": {"torch", "lhotse"},
}
"""The modules of verbs below schatten, and the heavy packages that each may import."""


@pytest.mark.parametrize("module", USED)
def test_a_verb_imports_what_it_uses(module: str) -> None:
    code = f"import sys, schatten.{module}; print(*sorted({HEAVY} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) <= USED[module]
