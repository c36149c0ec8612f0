"""Verbs about the space of results: usage, clean."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from schatten.cli.options import ResultsOption
from schatten.errors import UserError

if TYPE_CHECKING:
    from schatten.workflow.leftovers import Leftover

app = typer.Typer()

RESULTS = Path("results")
CorpusDirs = Annotated[
    list[Path] | None,
    typer.Option("--corpus-dir", help="Folder of a corpus that recipes read; may be repeated."),
]


@app.command("usage")
def usage(results: ResultsOption = RESULTS, corpus_dir: CorpusDirs = None) -> None:
    """Print how much space experiments, data and states take, and what no recipe needs."""
    from schatten.workflow import leftovers

    rows = sorted(leftovers.usage(results), key=lambda row: -row[1])
    for path, size in rows:
        typer.echo(f"{_said(size)}  {path}")
    typer.echo(f"{_said(sum(size for _, size in rows))}  in all")
    found = _found(results, corpus_dir)
    if found:
        total = _said(sum(one.bytes for one in found)).strip()
        typer.echo(f"`schatten clean` would remove {total}; it asks first")


@app.command("clean")
def clean(
    results: ResultsOption = RESULTS,
    corpus_dir: CorpusDirs = None,
    yes: Annotated[bool, typer.Option("--yes", help="Remove without asking.")] = False,
) -> None:
    """Remove what no recipe of this folder needs: old data, orphaned states, renamed systems.

    It lists them with their sizes and asks. Errors: status 1 while a run is alive, and for a recipe
    that cannot be read.
    """
    from schatten.runtime.files import remove
    from schatten.runtime.run import is_running

    found = _found(results, corpus_dir)
    if not found:
        typer.echo("every folder is needed by a recipe: nothing to remove")
        return
    if not yes and not typer.confirm(f"Remove these {len(found)} folders?"):
        typer.echo("nothing was removed")
        return
    if is_running():
        raise UserError("a run is alive in this folder: wait for it, or stop it; nothing removed")
    for one in found:
        remove(one.path)
        for folder in one.path.parents[: len(one.path.parts) - 2]:
            if any(folder.iterdir()):
                break
            folder.rmdir()
    typer.echo(f"removed {len(found)} folders")


def _found(results: Path, corpus_dirs: list[Path] | None) -> "list[Leftover]":
    """Print what no recipe needs, and what could not be judged; return the first."""
    from schatten.workflow import leftovers

    found, doubts = leftovers.leftovers(results, corpus_dirs or [])
    for doubt in doubts:
        typer.echo(f"kept: {doubt}")
    if found:
        typer.echo("no recipe needs:")
    for one in found:
        typer.echo(f"{_said(one.bytes)}  {one.path}: {one.why}")
    return found


def _said(size: int) -> str:
    """Return a size in words of one width."""
    amount, unit = float(size), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if amount < 1000:
            break
        amount, unit = amount / 1000, larger
    return f"{amount:6.1f} {unit:2}"
