"""Verbs of project folders: init, snakefile."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()


@app.command("init")
def init(
    folder: Annotated[Path, typer.Argument(help="The new folder; `.` with --update.")],
    update: Annotated[
        bool, typer.Option("--update", help="Renew the workflow's files in a project folder.")
    ] = False,
    tools: Annotated[
        bool, typer.Option(help="Build KenLM's tools in the folder (2 minutes, a compiler).")
    ] = True,
) -> None:
    """Make a project folder: the workflow, its recipes, and a recipe of your own to edit."""
    from schatten.runtime import project

    for line in project.init(folder, update=update, with_tools=tools):
        typer.echo(line)
    typer.echo(f"{folder} is ready: cd {folder} && schatten run wer_tables")


@app.command("snakefile")
def snakefile() -> None:
    """Print the path of the package's Snakefile, for `snakemake -s` and `module schatten:`."""
    from schatten.runtime import project

    typer.echo(project.source() / "Snakefile")
