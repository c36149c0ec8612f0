"""The tables of an experiment as files, and one of them on the terminal."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from schatten.recipe.tables import written
from schatten.report import captions, render
from schatten.report.bundles import bundles_notes, bundles_table
from schatten.report.collect import Experiment
from schatten.report.columns import Table
from schatten.report.cost import cost_table
from schatten.report.engine import engine_notes, engine_tables
from schatten.report.factorizations import factorizations_table
from schatten.report.ranks import ranks_table
from schatten.report.systems import systems_table
from schatten.report.tiers import tiers_table
from schatten.report.times import times_table
from schatten.report.wer import wer_tables
from schatten.runtime import files

Tables = Callable[[Experiment], Sequence[Table[Any]]]
Notes = Callable[[Experiment], list[str]]

KINDS: dict[str, tuple[Tables, Notes]] = {
    "wer": (wer_tables, captions.wer_notes),
    "cost": (lambda e: [cost_table(e)], captions.cost_notes),
    "systems": (lambda e: [systems_table(e)], captions.systems_notes),
    "times": (lambda e: [times_table(e)], captions.times_notes),
    "ranks": (lambda e: [ranks_table(e)], captions.ranks_notes),
    "factorizations": (lambda e: [factorizations_table(e)], captions.factorizations_notes),
    "tiers": (lambda e: [tiers_table(e)], captions.tiers_notes),
    "engine": (engine_tables, engine_notes),
    "bundles": (lambda e: [bundles_table(e)], bundles_notes),
}


def write(experiment: Experiment, folder: Path) -> None:
    """Write the tables that the recipe has the systems for as .md, .csv and .tex to `folder`."""
    title = experiment.recipe.title
    for name in written(experiment.recipe):
        tables, notes = KINDS[name]
        write_table(folder / name, tables(experiment), title, notes(experiment))


def write_table(path: Path, tables: Sequence[Table[Any]], title: str, notes: Sequence[str]) -> None:
    """Write tables of the same columns as .md, .csv and .tex; `path` has no ending."""
    files.write_text(path.with_suffix(".md"), render.to_markdown(tables, title, notes))
    files.write_text(path.with_suffix(".csv"), render.to_csv(tables))
    files.write_text(path.with_suffix(".tex"), render.to_latex(tables, title, notes))


def show(experiment: Experiment, console: Console | None = None) -> None:
    """Print the table of word error rates, the meaning of its verdicts, and its folder."""
    console = console or Console()
    console.print(experiment.recipe.title, style="bold")
    tables: list[Table[Any]] = [*wer_tables(experiment), *engine_tables(experiment)]
    for table in tables:
        console.print(render.to_terminal(table, console.width))
    console.print(f"Verdicts: {captions.verdicts(experiment.recipe)} (in wer.md).", style="dim")
    folder = experiment.layout.tables
    console.print(f"All columns and captions: {folder}/wer.md (.csv, .tex)", soft_wrap=True)
    console.print(f"Training times: {folder}/cost.md", soft_wrap=True)
