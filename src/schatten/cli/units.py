"""Verbs of units: units, align, tie, tree, pronounce."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from schatten.cli.options import RecipeOption

if TYPE_CHECKING:
    from schatten.recipe import Recipe

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
    """Write the inventory of phones, pieces or grams, and the spelling of every word."""
    from schatten.recipe import load
    from schatten.recipe.units import Grams, Phones, Pieces
    from schatten.units.make import make_units

    settings = load(recipe)
    unit_set = settings.unit_set(name)
    # Other sets are refused with the settings of this step.
    assert isinstance(unit_set, Phones | Pieces | Grams)
    own = settings.folder, settings.text.in_case, settings.text.alphabet
    made = make_units(unit_set, name, text or [], train_text, output_dir, *own)
    if data is not None:
        _write_too_long(settings, name, data, output_dir)
    origins = ", ".join(f"{count} by {origin}" for origin, count in made.origins.items())
    typer.echo(f"{len(made.names)} units, {made.word_count} words; spellings: {origins}")


def _write_too_long(settings: "Recipe", name: str, data: Path, output_dir: Path) -> None:
    """Write which utterances are too long for their labels, and print them."""
    from schatten.artifacts import TooLongByStride
    from schatten.corpus.manifest import read_entries
    from schatten.corpus.report import strides_of, too_long_lines
    from schatten.corpus.validate import too_long
    from schatten.units.spelled import SpelledUnits

    spelled, unit_set = SpelledUnits.read(output_dir / "inventory.json"), settings.unit_set(name)
    assert unit_set is not None
    every = unit_set.sums_over_pronunciations

    def frames_needed(text: str) -> int:
        return spelled.units.frames_needed(spelled.counted(text, every=every))

    found = too_long(read_entries(data, settings.splits.all), settings, frames_needed)
    TooLongByStride(by_stride=found).write(output_dir / "too_long.json")
    for line in too_long_lines(found, strides_of(settings, name), name):
        typer.echo(line)


@app.command("align")
def align(
    *,
    recipe: RecipeOption,
    name: Annotated[str, typer.Option("--set", help="One of the recipe's sets of tied phones.")],
    model: Annotated[Path, typer.Option(help="A model of the phones (.pt), which aligns.")],
    units: Annotated[Path, typer.Option(help="The phones (inventory.json).")],
    train: Annotated[Path, typer.Option(help="Training cuts, with the model's features.")],
    output: Annotated[Path, typer.Option(help="Statistics of triphones (.npz) for `tie`.")],
) -> None:
    """Align training speech with a phone model, and add up the features of each triphone."""
    from schatten.decode.triphones import collect
    from schatten.recipe import load
    from schatten.units.triphones import write_triphones

    found = collect(model, units, train, load(recipe).tied_set(name))
    write_triphones(output, found)
    typer.echo(found.summary())


@app.command("tie")
def tie(
    *,
    recipe: RecipeOption,
    name: Annotated[str, typer.Option("--set", help="One of the recipe's sets of tied phones.")],
    triphones: Annotated[Path, typer.Option(help="Statistics that `align` wrote (.npz).")],
    phones: Annotated[Path, typer.Option(help="The phones that are tied (inventory.json).")],
    data: Annotated[
        Path | None,
        typer.Option(
            help="Folder of the corpus's cuts: too_long.json names utterances that are too long."
        ),
    ] = None,
    output_dir: Annotated[
        Path,
        typer.Option(
            "--output-dir", help="Folder of inventory.json, words.NAME.tsv, tree.json, tree.svg."
        ),
    ],
) -> None:
    """Grow the decision tree of tied phones; write it, its picture, and the inventory."""
    from schatten.recipe import load
    from schatten.report.phone_tree import draw
    from schatten.units.tied import make_tied

    settings = load(recipe)
    made, tree = make_tied(settings.tied_set(name), name, triphones, phones, output_dir)
    draw(tree, output_dir / "tree.svg")
    if data is not None:
        _write_too_long(settings, name, data, output_dir)
    asked = sum(node.question is not None for node in tree.nodes)
    typer.echo(f"{len(made.names)} units: {asked + len(tree.phones) - 1} leaves, {asked} questions")


@app.command("tree")
def tree(
    file: Annotated[Path, typer.Argument(help="The tree of tied phones (tree.json).")],
) -> None:
    """Print the tree of tied phones: its leaves, and the questions that split."""
    from schatten.artifacts import PhoneTree
    from schatten.units.tree import as_lines

    typer.echo("\n".join(as_lines(PhoneTree.read(file))))


@app.command("pronounce")
def pronounce(
    words: Annotated[
        list[str], typer.Argument(help="Words, and phrases in quotes, in the transcripts' letters.")
    ],
    *,
    output: Annotated[Path, typer.Option(help="The file for `schatten-recognize --words`.")],
    units: Annotated[
        Path | None, typer.Option(help="The model's phones, pieces or grams (inventory.json).")
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
        typer.Option(help="Of each word and phrase, natural log; without it the engine's own, 1."),
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
        raise UserError(
            "give --units of phones, pieces or grams, or --recipe of characters: one of them"
        )
    if units is not None:
        speller = Speller.of_inventory(Inventory.read(units))
    else:
        speller = Speller.of_alphabet(load(recipe or "").text.alphabet)
    known = set() if lexicon is None else {word for word, _ in read_lexicon(lexicon)}
    text = words_file(words, speller, known, boost)
    write_text(output, text)
    typer.echo(f"{output}: {len(text.splitlines())} lines")
