"""Verbs of units: units, pronounce."""

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


@app.command("pronounce")
def pronounce(
    words: Annotated[
        list[str], typer.Argument(help="Words, and phrases in quotes, in the transcripts' letters.")
    ],
    *,
    output: Annotated[Path, typer.Option(help="The file for `schatten-recognize --words`.")],
    units: Annotated[
        Path | None, typer.Option(help="The model's phones or pieces (inventory.json).")
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option(help="Or the experiment of a model of characters, CORPUS/EXPERIMENT."),
    ] = None,
    lexicon: Annotated[
        Path | None, typer.Option(help="The model's lexicon; words that it has are boosted alone.")
    ] = None,
    boost: Annotated[
        float | None,
        typer.Option(help="Of each word and phrase, natural log; without it the engine's own, 5."),
    ] = None,
) -> None:
    """Write words and phrases for the engine, spelled in a model's units.

    Phones are those of CMUdict, or of espeak-ng's rules. A phrase's new words are spelled too, and
    have no boost of their own.
    """
    from schatten.artifacts import Inventory
    from schatten.errors import UserError
    from schatten.recipe import load
    from schatten.runtime.files import write_text
    from schatten.units import read_lexicon
    from schatten.units.pronounce import Speller, words_file

    if (units is None) == (recipe is None):
        raise UserError("give --units of phones or pieces, or --recipe of characters: one of them")
    if units is not None:
        speller = Speller.of_inventory(Inventory.read(units))
    else:
        speller = Speller.of_alphabet(load(recipe or "").text.alphabet)
    known = set() if lexicon is None else {word for word, _ in read_lexicon(lexicon)}
    text = words_file(words, speller, known, boost)
    write_text(output, text)
    typer.echo(f"{output}: {len(text.splitlines())} lines")
