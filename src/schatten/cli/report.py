"""Verbs that make results readable: table, tiers, device-table, figure, report, show, explain."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from schatten.cli.options import (
    AUDIO_DIR,
    CorpusDirOption,
    ExperimentOption,
    RecipeOption,
    ResultsOption,
)
from schatten.recipe.figures import FIGURES

if TYPE_CHECKING:
    from schatten.report.collect import Experiment

app = typer.Typer()

DataKeyOption = Annotated[
    str, typer.Option("--data-key", help="Folder of the data below results/CORPUS/.")
]
RESULTS = Path("results")
_KINDS = f"{'; '.join(f'{kind}: {one.title}' for kind, one in FIGURES.items())}."
_WIDE = 1000
"""Columns of output that does not go to a terminal."""


@app.command("table")
def table(
    recipe: RecipeOption,
    data_key: DataKeyOption,
    output_dir: Annotated[
        Path, typer.Option("--output-dir", help="Folder for {wer,cost,systems,...}.{md,csv,tex}.")
    ],
    results: ResultsOption = RESULTS,
) -> None:
    """Write the tables: word error rates (%), costs (seconds, MB = 10^6 bytes), systems, times.

    Tables of ranks, factorizations and tiers are written too, if the recipe has systems for them.
    wer.csv is the same for two runs of an experiment. Times, dates and machines are in cost.*,
    times.* and in the captions.
    """
    from schatten.report import tables

    tables.write(_experiment(recipe, data_key, results), output_dir)


@app.command("tiers")
def tiers(
    recipe: RecipeOption,
    data_key: DataKeyOption,
    output: Annotated[
        Path, typer.Option("--output", help="The models that go on devices (.json).")
    ],
    results: ResultsOption = RESULTS,
) -> None:
    """Choose the model of each tier: the lowest error rate on dev among those small enough."""
    from schatten.report.choice import tier_node
    from schatten.report.tiers import choose_tiers

    experiment = _experiment(recipe, data_key, results)
    chosen = choose_tiers(experiment)
    chosen.write(output)
    pairs = [(tier.name, tier_node(experiment.recipe, tier)) for tier in chosen.tiers]
    typer.echo("\n".join(f"{name} {node.path}".strip() for name, node in pairs))


@app.command("device-table")
def device_table(
    recipe: RecipeOption,
    data_key: DataKeyOption,
    device: Annotated[list[str], typer.Option("--device", help="A measured device, by name.")],
    output_dir: Annotated[
        Path, typer.Option("--output-dir", help="Folder for devices.{md,csv,tex}.")
    ],
    results: ResultsOption = RESULTS,
) -> None:
    """Write the table of devices: size, WER (%), speed-up over real time, memory (10^6 bytes)."""
    from schatten.device.devices import all_devices
    from schatten.errors import known
    from schatten.report import devices

    there = all_devices()
    for name in device:
        known("device", name, there)
    boards = {name: one.title for name, one in there.items() if one.runner.startswith("ssh:")}
    devices.write(_experiment(recipe, data_key, results), device, boards, output_dir)


@app.command("figure")
def figure(
    recipe: RecipeOption,
    data_key: DataKeyOption,
    kind: Annotated[
        str,
        typer.Option("--kind", help=_KINDS),
    ],
    output: Annotated[
        Path, typer.Option("--output", help="The figure, .png, .pdf or .svg; .csv goes beside it.")
    ],
    results: ResultsOption = RESULTS,
) -> None:
    """Draw a figure, and write the numbers of its points to a CSV of the same name."""
    from schatten.report import figures

    figures.write(_experiment(recipe, data_key, results), kind, output)


@app.command("figure-page")
def figure_page(
    recipe: RecipeOption,
    output: Annotated[Path, typer.Option("--output", help="The page (.md), beside the figures.")],
) -> None:
    """Write a page that shows each figure, or says in a line why the recipe has none."""
    from schatten import recipe as recipes
    from schatten.recipe.figures import page
    from schatten.runtime import files

    files.write_text(output, page(recipes.load(recipe)))


@app.command("report")
def report(
    recipe: RecipeOption,
    data_key: DataKeyOption,
    output: Annotated[Path, typer.Option("--output", help="The page (.html).")],
    *,
    results: ResultsOption = RESULTS,
    corpus_dir: Annotated[Path | None, AUDIO_DIR] = None,
    program: Annotated[
        Path | None,
        typer.Option(help="schatten-recognize for this machine: measures speed and memory."),
    ] = None,
    web: Annotated[
        Path | None,
        typer.Option(help="What `make wasm` wrote: the page can recognise speech then."),
    ] = None,
) -> None:
    """Write an experiment as one page: models, errors with sound, training, data, tables.

    It needs no network and no other file. Of large test splits a part has sound.
    """
    from schatten.report import page

    sources = page.Sources(corpus_dir, program, web)
    typer.echo(page.write(_experiment(recipe, data_key, results), sources, output))


@app.command("choose")
def choose(
    recipe: RecipeOption,
    data_key: DataKeyOption,
    grid: Annotated[str, typer.Option("--grid", help="One of the recipe's grids")],
    output: Annotated[Path, typer.Option("--output", help="The points, and which go on (.json).")],
    results: ResultsOption = RESULTS,
) -> None:
    """Choose the points of a grid that go on: the best of each penalty on dev, greedily decoded."""
    from schatten.report import choice

    experiment = _experiment(recipe, data_key, results)
    chosen = choice.choose(experiment.recipe, experiment.layout, grid)
    choice.write(chosen, output)
    typer.echo(f"{grid}, by greedy error rate on {chosen.split}: {', '.join(chosen.chosen)}")


@app.command("show")
def show(
    recipe: ExperimentOption = None,
    corpus_dir: CorpusDirOption = None,
    results: ResultsOption = RESULTS,
) -> None:
    """Print a short table: sizes, WER (%) and verdicts of all systems; then what is next."""
    from schatten.cli.experiment import experiment_of
    from schatten.report import tables

    tables.show(*experiment_of(recipe, corpus_dir, results))


@app.command("explain")
def explain(
    path: Annotated[Path, typer.Argument(help="An artifact below results/.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Every record of the chain, as JSON.")
    ] = False,
    steps: Annotated[
        bool, typer.Option("--steps", help="Minutes and memory of all steps behind it.")
    ] = False,
) -> None:
    """Print how an artifact was made, and of what: the chain of records back to the audio.

    Ends with status 1 if the chain is broken: a link is missing, damaged or was edited.
    """
    from rich.console import Console

    from schatten.runtime import explain as explained

    chain = explained.chain(path)
    console = Console() if sys.stdout.isatty() else Console(width=_WIDE)
    if as_json:
        print(explained.as_json(chain))
    elif steps:
        explained.show_costs(chain, console)
    else:
        explained.show(chain, console)
    if explained.problems(chain):
        raise typer.Exit(1)


def _experiment(recipe: str, data_key: str, results: Path) -> "Experiment":
    from schatten import recipe as recipes
    from schatten.recipe.layout import Layout
    from schatten.report.collect import Experiment

    path = recipes.path_of(recipe)
    layout = Layout(path.parent.name, path.stem, data_key, results)
    return Experiment(recipes.load(recipe), layout)


@app.command("folds")
def folds(
    recipe: RecipeOption,
    results: ResultsOption = Path("results"),
    against: Annotated[
        str | None,
        typer.Option(help="System that all models are compared with, on the speakers of all folds"),
    ] = None,
    more: Annotated[
        list[str] | None,
        typer.Option("--more", help="A recipe with the same folds; its models are lines too"),
    ] = None,
) -> None:
    """Print the word error rates of a recipe's folds, each and together (cross-validation).

    With --against: a line for each model, its difference to that system and the paired interval.
    """
    from schatten.errors import UserError
    from schatten.report.folds import levers, lines_of

    if more and against is None:
        raise UserError("--more needs --against, the system that models are compared with")
    found = lines_of(recipe, results)
    if against is not None:
        found = levers([recipe, *(more or [])], against, results)
    for line in found:
        typer.echo(line)
