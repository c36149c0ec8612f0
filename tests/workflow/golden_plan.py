"""Plan targets of the workflow in the current folder and print every job as JSON; nothing is run.

Started by golden_jobs.py in a process of its own, in a copy of the project:
`python golden_plan.py [--cache] TARGET ... KEY=VALUE ...`; the pairs are Snakemake's `--config`.
"""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from snakemake.api import SnakemakeApi
from snakemake.checkpoints import Checkpoint, CheckpointJob
from snakemake.logging import logger
from snakemake.settings.types import (
    ConfigSettings,
    DAGSettings,
    OutputSettings,
    ResourceSettings,
    WorkflowSettings,
)

CORES = 1_000_000
"""So many that no step's threads, which its shell line may name, are cut to the machine's."""


def main(arguments: list[str]) -> None:
    """Print the jobs of the targets as a JSON list, sorted by their first output."""
    targets = [one for one in arguments if "=" not in one and one != "--cache"]
    config = dict(one.split("=", 1) for one in arguments if "=" in one)
    Checkpoint.get = _get
    logger.disabled = True
    with SnakemakeApi(OutputSettings(stdout=False)) as api:
        workflow = api.workflow(
            ResourceSettings(cores=CORES),
            config_settings=ConfigSettings(config=config),
            workflow_settings=WorkflowSettings(cache=[] if "--cache" in arguments else None),
            snakefile=Path("Snakefile"),
        )
        dag = workflow.dag(DAGSettings(targets=targets, forceall=True))
        inner = dag.workflow_api._workflow
        inner.dag_settings = dag.dag_settings
        inner._prepare_dag(forceall=True, ignore_incomplete=True, lock_warn_only=True)
        inner.async_run(inner.dag.init())
        jobs = [job_facts(job) for job in inner.dag.jobs]
        found = {"data_key": inner.globals["PATHS"].data_key, "jobs": jobs}
    print(json.dumps(found))


def job_facts(job: Any) -> dict[str, Any]:
    """Return what a job reads and writes, its params and its shell line; not its rule's name.

    `params` are those that Snakemake compares to decide whether a result is out of date;
    `derived` the others, which follow from inputs and outputs.
    """
    compared = [id(value) for value in job.non_derived_params]
    named = dict(job.params.items())
    return {
        "target": None if job.output else job.rule.name,
        "outputs": [str(path) for path in job.output],
        "inputs": [str(path) for path in job.input],
        "params": {k: _plain(v) for k, v in named.items() if id(v) in compared},
        "derived": {
            name: _plain(value)
            for name, value in named.items()
            if id(value) not in compared and name != "title"  # said to people alone
        },
        "shell": job.shellcmd,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, str | int | float | bool | None):
        return str(value) if isinstance(value, str) else value
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return f"{type(value).__name__}({value})"


def _get(checkpoint: Checkpoint, **wildcards: str) -> CheckpointJob:
    """Stand in for `Checkpoint.get`: make up what the checkpoint would write, and go on."""
    output, _ = checkpoint.rule.expand_output(wildcards)
    path = Path(output[0])
    if not path.exists():
        inputs = checkpoint.rule.expand_input(wildcards)[0]
        content = _tiers(inputs) if path.stem == "tiers" else _choice(path.stem, inputs)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
    return CheckpointJob(checkpoint.rule, output)


def _choice(grid: str, inputs: Iterable[str]) -> dict[str, Any]:
    """Return the choice of a grid as if the first and the last point of each penalty were best."""
    systems = list(dict.fromkeys(Path(path).parts[4] for path in inputs))
    penalties = {name: name.removeprefix(f"{grid}_").split("_rec")[0] for name in systems}
    chosen = set()
    for penalty in penalties.values():
        points = [name for name in systems if penalties[name] == penalty]
        chosen |= {points[0], points[-1]}
    points = [
        {
            "system": name,
            "penalty": penalties[name],
            "dev_cer": 10.0,
            "dev_cer_by_seed": {1: 10.0},
            "chosen": name in chosen,
        }
        for name in systems
    ]
    return {"grid": grid, "split": "dev", "points": points}


def _tiers(inputs: Iterable[str]) -> dict[str, Any]:
    """Return tiers: the first model of all, and the first that was truncated."""
    rows = []
    for path in inputs:
        parts = Path(path).parts
        if parts[3] == "am" and parts[-1] == "model.pt":
            system, seed, *rank, stage = parts[4:-1]
            rows.append([system, int(seed.removeprefix("seed")), (rank or ["whole"])[0], stage])
    first = [rows[0], *[row for row in rows if row[2] != "whole"][:1]]
    keys = ("system", "seed", "rank", "stage")
    return {"tiers": [{"name": "", **dict(zip(keys, row, strict=True))} for row in first]}


if __name__ == "__main__":
    main(sys.argv[1:])
