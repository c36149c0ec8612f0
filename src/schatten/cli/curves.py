"""The verb `curves`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from schatten.cli.options import ResultsOption

app = typer.Typer()


@app.command("curves")
def curves(
    target: Annotated[
        str, typer.Argument(help="CORPUS/EXPERIMENT, or a folder with trained models.")
    ] = "voicesearch_like/quick",
    only: Annotated[
        list[str] | None, typer.Option("--only", help="Trainings with this text in their names.")
    ] = None,
    steps: Annotated[bool, typer.Option("--steps", help="Over steps, not epochs.")] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", help="A figure too (.png, .pdf, .svg); .csv goes beside it."),
    ] = None,
    results: ResultsOption = Path("results"),
) -> None:
    """Show losses, error rate and learning rate of trainings, also of those under way.

    One training is drawn as charts; several are listed, each with small curves.
    """
    from rich.console import Console

    from schatten.report import curves_terminal
    from schatten.report.curves import curves_of

    found = curves_of(target, only or (), results)
    console = Console() if sys.stdout.isatty() else Console(width=80)
    curves_terminal.show(found, console, over_steps=steps)
    if len(found) > 1:
        typer.echo(f"\nOne of them as charts:\n  schatten curves {target} --only {found[0].name}")
    if output is not None:
        from schatten.report import curves_figure

        table = curves_figure.write(found, output, over_steps=steps)
        typer.echo(f"{output} and {table}")
