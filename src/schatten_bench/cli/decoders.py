"""The verb that times the engine's search beside flashlight-text's: bench-decoder."""

from pathlib import Path
from typing import Annotated

import typer

from schatten.cli.options import CUTS, LEXICON, SEARCH_PROGRAM, WEIGHTS, RecipeOption

app = typer.Typer()


@app.command("bench-decoder")
def bench_decoder(
    *,
    recipe: RecipeOption,
    logprobs: Annotated[Path, typer.Option(help="Log-probabilities of the split (.npz).")],
    cuts: Annotated[Path, CUTS],
    lm: Annotated[Path, typer.Option(help="KenLM binary (or ARPA).")],
    lexicon: Annotated[Path, LEXICON],
    weights: Annotated[Path, WEIGHTS],
    program: Annotated[Path | None, SEARCH_PROGRAM] = None,
    look_ahead: Annotated[
        Path | None,
        typer.Option(help="First-pass model: the engine is also run with its look-ahead."),
    ] = None,
    beam: Annotated[list[int], typer.Option(help="Beams to compare at.")] = [25, 50, 100, 200],  # noqa: B006
    rounds: Annotated[
        int, typer.Option(help="Each time is the least of this many, in rotation.")
    ] = 3,
) -> None:
    """Decode with the engine and with flashlight-text: WER (%), CPU seconds, MB, one thread."""
    from schatten import recipe as recipes
    from schatten.recipe.layout import SEARCHER
    from schatten_bench.decoders import DecoderInputs, as_lines, time_decoders

    inputs = DecoderInputs(logprobs, cuts, lm, lexicon, weights, program or SEARCHER, look_ahead)
    compared = time_decoders(inputs, recipes.load(recipe).decoding, beam, rounds)
    typer.echo("\n".join(as_lines(compared)))
