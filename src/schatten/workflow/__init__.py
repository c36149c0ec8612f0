"""What the Snakefile knows: the recipe, the paths, and which part of the recipe makes a step run.

The one package that knows of Snakemake; of the verbs only `show` asks it, for the data key. It
imports nothing heavy, as it runs whenever Snakemake starts.
"""

from collections.abc import Callable
from typing import Any

from schatten.workflow.config import DEFAULT_RECIPE, KEYS, workflow_of
from schatten.workflow.inputs import Workflow
from schatten.workflow.step_rules import any_of

__all__ = ["DEFAULT_RECIPE", "KEYS", "Workflow", "any_of", "given", "scaled", "workflow_of"]


def scaled(amount: int) -> Callable[[Any, int], int]:
    """Return a resource that a step asks for: `amount` at first, twice that at its second try ...

    It matters where a scheduler enforces memory (`mem_mb`) or time (`runtime`, minutes) and the
    profile lets steps try again (`retries`).
    """
    return lambda wildcards, attempt: amount * attempt


def given(name: str) -> Callable[[Any, Any], list[str]]:
    """Return a param that names each of a job's inputs called `name`: `--NAME=FILE`."""
    return lambda wildcards, input: [f"--{name}={path}" for path in input[name]]
