"""Measures how long Snakemake takes to plan a grid of many systems; nothing is run."""

import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from schatten.errors import UserError
from schatten.recipe import Recipe, path_of
from schatten.runtime.files import write_text


@dataclass(frozen=True)
class PlanningTime:
    """A planned run of a grid."""

    systems: int
    jobs: int
    wall: float
    """Seconds of `schatten run -n`, from its start to its end."""
    cpu: float
    """Seconds of its CPU time."""


def time_grid_planning(name: str, recipe: Recipe, values: int) -> PlanningTime:
    """Plan a grid over `values` of lambda_rec and of lambda_nonrec for both penalties.

    It stands beside the systems of the recipe `name`, with its first model and training. Errors:
    `UserError` if the run cannot be planned.
    """
    with tempfile.TemporaryDirectory(prefix="schatten.") as folder:
        path = Path(folder) / "planned" / "grid.yaml"
        path.parent.mkdir()
        write_text(path, yaml.safe_dump(_with_grid(name, recipe, values)))
        command = [sys.executable, "-m", "schatten.cli", "run", "--recipe", str(path), "-n"]
        began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        wall, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["it said nothing"]
        raise UserError(f"{name} cannot be planned with a grid: {lines[-1]}")
    jobs = sum(line.startswith("would run ") for line in done.stdout.splitlines())
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return PlanningTime(2 * values**2, jobs, wall, cpu)


def _with_grid(name: str, recipe: Recipe, values: int) -> dict[str, Any]:
    """Return a recipe that has a grid beside its own systems."""
    strengths = [round(0.001 * (number + 1), 6) for number in range(values)]
    points = {"lambda_rec": strengths, "lambda_nonrec": strengths}
    return {
        "extends": str(path_of(name).absolute().with_suffix("")),
        "grids": {
            "planned": {
                "model": next(iter(recipe.models)),
                "training": next(iter(recipe.trainings)),
                "penalties": {"l2": points, "trace_norm": points},
            }
        },
    }
