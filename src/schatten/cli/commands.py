"""Verbs for commands: slots of words, and acceptance."""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from schatten.cli.options import CUTS, JobsOption, RecipeOption
from schatten.recipe.layout import ENGINE

app = typer.Typer()
GrammarOption = Annotated[Path, typer.Option("--grammar", help="Rules: NAME.grammar or NAME.jsgf.")]
Output = Annotated[Path, typer.Option("--output", help="The acceptance to write (.json).")]


@app.command("slots")
def slots(
    grammar: GrammarOption,
    words: Annotated[
        list[str] | None, typer.Argument(help="Words of one command; none: lines of standard input")
    ] = None,
) -> None:
    """Print the command that is nearest to some words as JSON: its text, slots and edits."""
    from schatten.grammar import load_own
    from schatten.grammar.slots import Parser

    parser = Parser(load_own(grammar))
    for text in [" ".join(words)] if words else sys.stdin:
        print(json.dumps(parser.command(text.split()).as_json(), ensure_ascii=False), flush=True)


@app.command("accept")
def accept(
    recipe: RecipeOption,
    cuts: Annotated[Path, CUTS],
    words: Annotated[Path, typer.Option(help="What was heard: UTTERANCE WORD WORD ... a line.")],
    bundle: Annotated[Path, typer.Option(help="The bundle's manifest.json, for its size.")],
    output: Output,
) -> None:
    """Count the commands of a synthetic split that were understood, by level of noise."""
    from schatten import recipe as recipes
    from schatten.device.accept_split import accept_split

    found = accept_split(recipes.load(recipe), cuts, words, bundle)
    found.write(output)


@app.command("test")
def test(
    recipe: RecipeOption,
    bundle: Annotated[Path, typer.Option(help="The manifest.json of a bundle.")],
    corpus_dir: Annotated[Path, typer.Option(help="Folder of the recordings of commands.")],
    output: Output,
    program: Annotated[
        Path, typer.Option(help="schatten-recognize, built for this machine.")
    ] = ENGINE,
    jobs: JobsOption = 1,
) -> None:
    """Count the recorded commands that a bundle understands, by level of noise."""
    from schatten import recipe as recipes
    from schatten.device import live
    from schatten.device.accept_split import grammar_of, recordings_of
    from schatten.device.commands import measure_bundle

    settings = recipes.load(recipe)
    recordings, grammar = recordings_of(settings), grammar_of(settings)
    recognizer = live.of_bundle(bundle.parent, program)
    found, speed = measure_bundle(recognizer, bundle.parent, grammar, corpus_dir, recordings, jobs)
    found.write(output)
    print(speed)


@app.command("table")
def table(
    recipe: RecipeOption,
    accepted: Annotated[
        list[Path], typer.Option(help="What `accept` and `test` wrote; once for each system.")
    ],
    system: Annotated[list[str], typer.Option(help="The name of the row; once for each.")],
    output: Annotated[Path, typer.Option(help="The table, without an ending: .md, .csv and .tex.")],
) -> None:
    """Write the table of command acceptance, with published rows beside ours."""
    from schatten import recipe as recipes
    from schatten.artifacts import Acceptance
    from schatten.report.commands import NOTES, published_rows, rows_of, tables_of
    from schatten.report.tables import write_table

    settings = recipes.load(recipe)
    pairs = zip(system, accepted, strict=True)
    ours = [row for name, path in pairs for row in rows_of(name, Acceptance.read(path))]
    commands = settings.commands
    published = []
    if commands is not None and commands.published is not None:
        published = published_rows(settings.folder / commands.published, "recordings")
    write_table(output, tables_of(ours, published), settings, NOTES)
