"""The verb `units`."""

from pathlib import Path
from typing import Annotated

import typer

from schatten.cli.options import RecipeOption

app = typer.Typer()


@app.command("units")
def units(
    *,
    recipe: RecipeOption,
    units: Annotated[str, typer.Option("--units", help="One of the recipe's units.")],
    text: Annotated[
        list[Path] | None,
        typer.Option("--text", help="Text whose words are spelled too (.gz too); may be repeated."),
    ] = None,
    train_text: Annotated[
        Path, typer.Option("--train-text", help="Transcripts of the training split (.gz too).")
    ],
    output_dir: Annotated[
        Path, typer.Option("--output-dir", help="Folder of inventory.json and words.NAME.tsv.")
    ],
) -> None:
    """Write the inventory of phones or pieces, and the spelling of every word."""
    from schatten.recipe import load
    from schatten.units.make import make_units

    settings = load(recipe)
    unit_set = settings.unit_set(units)
    made = make_units(unit_set, units, text or [], train_text, output_dir, settings.folder)
    origins = ", ".join(f"{count} by {origin}" for origin, count in made.origins.items())
    typer.echo(f"{len(made.names)} units, {made.word_count} words; spellings: {origins}")
