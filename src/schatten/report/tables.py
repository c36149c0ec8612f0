"""The tables of an experiment as files, and one of them on the terminal."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from schatten import files
from schatten.report import render
from schatten.report.captions import cost_notes, systems_notes, wer_notes
from schatten.report.collect import Experiment
from schatten.report.columns import Table
from schatten.report.cost import cost_table
from schatten.report.systems import systems_table
from schatten.report.wer import wer_tables


def write(experiment: Experiment, folder: Path) -> None:
    """Write `wer`, `cost` and `systems` as .md, .csv and .tex to `folder`."""
    title = experiment.recipe.title
    _write(folder / "wer", wer_tables(experiment), title, wer_notes(experiment))
    _write(folder / "cost", [cost_table(experiment)], title, cost_notes(experiment))
    _write(folder / "systems", [systems_table(experiment)], title, systems_notes(experiment))


def _write(path: Path, tables: Sequence[Table[Any]], title: str, notes: Sequence[str]) -> None:
    files.write_text(path.with_suffix(".md"), render.to_markdown(tables, title, notes))
    files.write_text(path.with_suffix(".csv"), render.to_csv(tables))
    files.write_text(path.with_suffix(".tex"), render.to_latex(tables, title, notes))


def show(experiment: Experiment, console: Console | None = None) -> None:
    """Print the table of word error rates, and where its files are."""
    console = console or Console()
    console.print(experiment.recipe.title, style="bold")
    for table in wer_tables(experiment):
        console.print(render.to_terminal(table, console.width))
    folder = experiment.layout.tables
    console.print(f"All columns and captions: {folder}/wer.md (.csv, .tex)", soft_wrap=True)
    console.print(f"Training times: {folder}/cost.md", soft_wrap=True)
