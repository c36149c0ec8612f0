"""The verb that times pruning beside SRILM's: lm compare-prune."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()  # of `schatten lm`


@app.command("compare-prune")
def compare_prune(
    *,
    arpa: Annotated[Path, typer.Option("--arpa", help="Model in ARPA format (packed too).")],
    threshold: Annotated[float, typer.Option(help="As `prune`'s, for both.")] = 1e-8,
    ngram: Annotated[
        Path | None, typer.Option(help="SRILM's program `ngram`; without it ours runs alone.")
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Turns of each; the fastest counts.")] = 2,
) -> None:
    """Time `prune` beside SRILM's `ngram -prune`: CPU time and memory, load and write included."""
    from schatten_bench.pruning import time_pruning

    found = time_pruning(arpa, threshold, ngram, rounds)
    typer.echo(f"{arpa.name} pruned to {threshold:g}, the fastest of {rounds} in turns:")
    for one in found:
        typer.echo(
            f"  {one.name:10}{one.seconds:8.1f} s of CPU time{one.megabytes:8.0f} MB  "
            f"{sum(one.ngrams)} n-grams left {one.ngrams}"
        )
    if len(found) > 1:
        ours, theirs = found
        typer.echo(
            f"  schatten/SRILM: {ours.seconds / theirs.seconds:.2f} of the time, "
            f"{ours.megabytes / theirs.megabytes:.2f} of the memory"
        )
