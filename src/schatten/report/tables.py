"""The tables of an experiment as files, and one of them on the terminal."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from schatten.recipe import Recipe
from schatten.recipe.rates import with_names
from schatten.recipe.tables import written
from schatten.report import captions, render
from schatten.report.bundles import bundles_notes, bundles_table
from schatten.report.collect import Experiment
from schatten.report.columns import Table
from schatten.report.compression import compression_notes, compression_table
from schatten.report.conditions import conditions_notes, conditions_tables
from schatten.report.cost import cost_table
from schatten.report.engine import engine_notes, engine_tables
from schatten.report.factorizations import factorizations_table
from schatten.report.hours import hours_notes, hours_table
from schatten.report.next_steps import next_steps
from schatten.report.overview import overview_heading, overview_notes, overview_tables
from schatten.report.ranks import ranks_table
from schatten.report.settings import other_settings, refuse_other_settings
from schatten.report.sparsity import (
    prediction_notes,
    prediction_table,
    sparsity_notes,
    sparsity_table,
)
from schatten.report.stages import stages_notes, stages_tables
from schatten.report.systems import systems_table
from schatten.report.tiers import tiers_table
from schatten.report.times import times_table
from schatten.report.wer import wer_tables
from schatten.runtime import files

PIPED = 80
"""Columns of output that does not go to a terminal."""

Tables = Callable[[Experiment], Sequence[Table[Any]]]
Notes = Callable[[Experiment], list[str]]

KINDS: dict[str, tuple[Tables, Notes]] = {
    "wer": (wer_tables, captions.wer_notes),
    "conditions": (conditions_tables, conditions_notes),
    "cost": (lambda e: [cost_table(e)], captions.cost_notes),
    "systems": (lambda e: [systems_table(e)], captions.systems_notes),
    "times": (lambda e: [times_table(e)], captions.times_notes),
    "ranks": (lambda e: [ranks_table(e)], captions.ranks_notes),
    "stages": (stages_tables, stages_notes),
    "sparsity": (lambda e: [sparsity_table(e)], sparsity_notes),
    "compression": (lambda e: [compression_table(e)], compression_notes),
    "predictions": (lambda e: [prediction_table(e)], prediction_notes),
    "factorizations": (lambda e: [factorizations_table(e)], captions.factorizations_notes),
    "hours": (lambda e: [hours_table(e)], hours_notes),
    "tiers": (lambda e: [tiers_table(e)], captions.tiers_notes),
    "engine": (engine_tables, engine_notes),
    "bundles": (lambda e: [bundles_table(e)], bundles_notes),
}


def write(experiment: Experiment, folder: Path) -> None:
    """Write the tables that the recipe has the systems for to `folder`, in each of `FORMATS`.

    Errors: `UserError` if results were made with other settings than the recipe has now.
    """
    refuse_other_settings(experiment)
    for name in written(experiment.recipe):
        tables, notes = KINDS[name]
        write_table(folder / name, tables(experiment), experiment.recipe, notes(experiment))


def write_table(
    path: Path, tables: Sequence[Table[Any]], recipe: Recipe, notes: Sequence[str]
) -> None:
    """Write tables of the same columns in each of `FORMATS`; `path` has no ending.

    `notes` stand below them. The recipe says the title, and what the error rates are called.
    """
    title = recipe.title
    tables = [named(table, recipe) for table in tables]
    notes = [with_names(recipe, note) for note in notes]
    files.write_text(path.with_suffix(".md"), render.to_markdown(tables, title, notes))
    files.write_text(path.with_suffix(".csv"), render.to_csv(tables))
    files.write_text(path.with_suffix(".tex"), render.to_latex(tables, title, notes))
    files.write_text(path.with_suffix(".html"), render.to_page(tables, title, notes))


def named(table: Table[Any], recipe: Recipe) -> Table[Any]:
    """Return a table with the names that error rates have in a recipe."""
    columns = tuple(
        replace(one, header=one.header and with_names(recipe, one.header)) for one in table.columns
    )
    return replace(table, columns=columns)


def show(experiment: Experiment, config: Sequence[str]) -> None:
    """Print the short table of all test splits, where the rest is, and what is next.

    `config`: that of the workflow as `KEY=VALUE`, for the commands that are printed. Where the
    output is no terminal, it has 80 columns and no colours.
    """
    console = Console()
    width = console.width if console.is_terminal else PIPED
    for text, style in _shown(experiment, width):
        console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)
    for text in next_steps(experiment, config):
        console.print(text, markup=False, highlight=False, soft_wrap=True)


def _shown(experiment: Experiment, width: int) -> Iterator[tuple[str, str]]:
    """Yield the lines of the short table and around it, with their styles."""
    yield experiment.recipe.title, "bold"
    yield with_names(experiment.recipe, overview_heading(experiment)), ""
    yield "", ""
    recipe = experiment.recipe
    tables = [named(table, recipe) for table in overview_tables(experiment)]
    for text in render.to_terminal(tables, width):
        yield text, "bold" if text.startswith("system, ") else ""
    yield "", ""
    for text in overview_notes(experiment):
        yield with_names(recipe, text), "dim"
    for text in other_settings(experiment):
        yield f"Made with other settings than the recipe has now: {text}", "bold red"
    folder = experiment.layout.tables
    yield f"All columns and figures: {folder} (see wer.md)", ""
    yield "", ""
