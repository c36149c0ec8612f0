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
    name: Annotated[str, typer.Option("--set", help="One of the recipe's sets of units.")],
    text: Annotated[
        list[Path] | None,
        typer.Option("--text", help="Text whose words are spelled too (.gz too); may be repeated."),
    ] = None,
    train_text: Annotated[
        Path, typer.Option("--train-text", help="Transcripts of the training split (.gz too).")
    ],
    data: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the corpus's cuts: too_long.json names utterances that are too long."
        ),
    ] = None,
    output_dir: Annotated[
        Path, typer.Option("--output-dir", help="Folder of inventory.json and words.NAME.tsv.")
    ],
) -> None:
    """Write the inventory of phones or pieces, and the spelling of every word."""
    from schatten.artifacts import TooLongByStride
    from schatten.corpus.manifest import read_entries
    from schatten.corpus.report import strides_of, too_long_lines
    from schatten.corpus.validate import too_long
    from schatten.recipe import load
    from schatten.units.make import make_units
    from schatten.units.spelled import SpelledUnits

    settings = load(recipe)
    unit_set = settings.unit_set(name)
    assert unit_set is not None  # characters are refused with the settings of this step
    own = settings.folder, settings.text.in_case
    made = make_units(unit_set, name, text or [], train_text, output_dir, *own)
    if data is not None:
        spelled = SpelledUnits.read(output_dir / "inventory.json")
        every = unit_set.sums_over_pronunciations

        def frames_needed(text: str) -> int:
            return spelled.units.frames_needed(spelled.counted(text, every=every))

        found = too_long(read_entries(data, settings.splits.all), settings, frames_needed)
        TooLongByStride(by_stride=found).write(output_dir / "too_long.json")
        for line in too_long_lines(found, strides_of(settings, name), name):
            typer.echo(line)
    origins = ", ".join(f"{count} by {origin}" for origin, count in made.origins.items())
    typer.echo(f"{len(made.names)} units, {made.word_count} words; spellings: {origins}")
