"""Verbs of pronunciations and units: bench-pronunciations, bench-tree."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()

_SHOWN = 10


@app.command("bench-pronunciations")
def bench_pronunciations(
    *,
    text: Annotated[Path, typer.Option("--text", help="English text, a sentence a line.")],
    words: Annotated[
        int, typer.Option(min=1, help="The most frequent words that CMUdict has.")
    ] = 3000,
) -> None:
    """Count the phone errors of espeak-ng's rules on words that CMUdict has."""
    from schatten_bench.pronunciations import compare

    found = compare(text, words)
    typer.echo(
        f"{found.words} words, {found.phones} phones: {found.phone_error_rate:.2f} % phone errors, "
        f"{100 * found.wrong / found.words:.1f} % of the words have one"
    )
    for one, other, count in found.confusions[:_SHOWN]:
        typer.echo(f"  {count:4d}  {one} as {other}")


@app.command("bench-tree")
def bench_tree(
    *,
    tokens: Annotated[int, typer.Option(min=1000, help="Phone tokens of made-up speech.")] = 130000,
    leaves: Annotated[int, typer.Option(min=39, help="Leaves of the tree.")] = 500,
    minimum: Annotated[int, typer.Option(min=1, help="Tokens of a leaf, at least.")] = 100,
) -> None:
    """Print the CPU seconds that the tree of tied phones takes, on made-up triphones."""
    from schatten_bench.tree import time_tree

    found = time_tree(tokens, leaves, minimum)
    typer.echo(f"{found.tokens} tokens, {found.triphones} triphones, {found.leaves} leaves")
    typer.echo(
        f"CPU seconds: {found.adding:.2f} adding up, {found.growing:.2f} growing the tree, "
        f"{found.table:.2f} the unit of every triphone"
    )
