"""The verb that measures espeak-ng's pronunciations beside CMUdict's: bench-pronunciations."""

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
