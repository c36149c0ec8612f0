"""The workflow for the Snakefile: recipe, paths, and which part of the recipe makes a step run.

Only this package knows Snakemake. Of the verbs, only `show` uses it, for the data key. It imports
nothing heavy, as it runs whenever Snakemake starts.
"""

from collections.abc import Callable
from typing import Any

from schatten.recipe.figures import FIGURES
from schatten.workflow.config import DEFAULT_RECIPE, KEYS, workflow_of
from schatten.workflow.inputs import Workflow
from schatten.workflow.step_rules import any_of

__all__ = [
    "DEFAULT_RECIPE",
    "KEYS",
    "Workflow",
    "any_of",
    "figure_labels",
    "given",
    "made",
    "scaled",
    "workflow_of",
]


def scaled(amount: int) -> Callable[[Any, int], int]:
    """Return a resource that a step asks for: `amount`, doubled at its second try, and so on.

    It matters if a scheduler enforces memory (`mem_mb`) or time (`runtime`, minutes) and the
    profile allows retries (`retries`).
    """
    return lambda wildcards, attempt: amount * attempt


def given(option: str, *names: str) -> Callable[[Any, Any], list[str]]:
    """Return a param that gives a job's inputs called `names` to an option: `--OPTION=FILE`.

    Without names it gives those called as the option.
    """

    def options(wildcards: Any, input: Any) -> list[str]:
        found = [input[name] for name in names or (option,)]
        paths = [path for one in found for path in ([one] if isinstance(one, str) else one)]
        return [f"--{option}={path}" for path in paths]

    return options


def figure_labels(wildcards: Any) -> dict[str, str]:
    """Return what `snakemake --report` says of a figure in its list."""
    return {"figure": FIGURES[wildcards.kind].title}


def made(wildcards: Any, output: Any) -> list[str]:
    """Return the param that gives the files that a job makes to `--output`, one after another."""
    return [f"--output={path}" for path in output]
