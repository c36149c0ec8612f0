"""Verbs that say what more would take: scale costs, memory, planning and start."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from schatten.cli.options import CorpusDirOption, ExperimentOption, ResultsOption

if TYPE_CHECKING:
    from schatten.workflow import Workflow

app = typer.Typer()

RESULTS = Path("results")


@app.command("costs")
def costs(
    hours: Annotated[float, typer.Option(help="Hours of training audio to scale up to.")] = 10000,
    recipe: ExperimentOption = None,
    corpus_dir: CorpusDirOption = None,
    results: ResultsOption = RESULTS,
) -> None:
    """Print what a finished run's steps took per hour of audio, and would take for many hours."""
    from schatten.report.render import to_markdown
    from schatten_bench.costs_per_hour import costs_table, step_costs

    workflow = _workflow(recipe, corpus_dir, results)
    table = costs_table(list(step_costs(workflow.recipe, workflow.layout)), hours)
    print(to_markdown([table], f"Costs of {workflow.name}", []), end="")


@app.command("memory")
def memory(
    hours: Annotated[
        list[float] | None, typer.Option(help="Hours of audio to train on, once for each.")
    ] = None,
    system: Annotated[
        str | None, typer.Option(help="What to train; the recipe's baseline.")
    ] = None,
    recipe: ExperimentOption = None,
    corpus_dir: CorpusDirOption = None,
    results: ResultsOption = RESULTS,
) -> None:
    """Train an epoch on 1, 4 and 16 hours of a finished run's features; print the peak memory."""
    from schatten_bench.training_memory import measure_training_memory

    workflow = _workflow(recipe, corpus_dir, results)
    name = system or workflow.recipe.tables.baseline
    print(f"{workflow.name}, {name}: one epoch")
    print("hours of audio   utterances   batches   peak memory (MB)   time (s)")
    for one in measure_training_memory(workflow.name, workflow.layout, name, hours or [1, 4, 16]):
        print(
            f"{one.hours:14.2f} {one.utterances:12} {one.batches:9} {one.megabytes:18.0f} "
            f"{one.seconds:10.0f}",
            flush=True,
        )


@app.command("planning")
def planning(
    points: Annotated[
        int, typer.Option(min=1, help="Values of each of two lambdas; squared for each penalty.")
    ] = 8,
    recipe: ExperimentOption = None,
    rounds: Annotated[int, typer.Option(min=1, help="Timed rounds; the fastest counts.")] = 3,
) -> None:
    """Print how long it takes to plan a grid of many systems (128 by default)."""
    from schatten_bench.planning import time_grid_planning

    workflow = _workflow(recipe, None, RESULTS)
    plans = [time_grid_planning(workflow.name, workflow.recipe, points) for _ in range(rounds)]
    best = min(plans, key=lambda plan: plan.wall)
    print(f"{best.systems} systems of a grid, {best.jobs} jobs; fastest of {rounds} rounds:")
    print(f"planned in {best.wall:.1f} s ({best.cpu:.1f} s of CPU time)")


@app.command("start")
def start(
    hours: Annotated[float, typer.Option(help="Hours of audio to scale up to.")] = 10000,
    recipe: ExperimentOption = None,
    corpus_dir: CorpusDirOption = None,
    results: ResultsOption = RESULTS,
) -> None:
    """Print what a run checks before it plans, and what that would take for many hours."""
    from schatten_bench.start_checks import measure_start_checks

    workflow = _workflow(recipe, corpus_dir, results)
    found = measure_start_checks(workflow.recipe, workflow.layout)
    size = (found.data_bytes + found.other_bytes) / 1e9
    gigabytes, seconds = found.scaled(hours)
    print(f"{workflow.name}: {found.records:,} records, {found.hours:.1f} hours of audio")
    print(f"checked at each start: {found.seconds:.2f} s of CPU time")
    print(f"hashed once, after a step or a copy: {size:.2f} GB, {found.hashing:.2f} s")
    print(
        f"for {hours:g} hours: {gigabytes:.0f} GB hashed once, {seconds:.0f} s; no more at a start"
    )


def _workflow(recipe: str | None, corpus_dir: Path | None, results: Path) -> "Workflow":
    from schatten.workflow import workflow_of

    config = {"recipe": recipe, "corpus_dir": corpus_dir, "results": results}
    return workflow_of({key: value for key, value in config.items() if value is not None})
