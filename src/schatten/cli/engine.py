"""Verbs that run the engine: recognize a split, bench-decoder."""

from pathlib import Path
from typing import Annotated

import typer

from schatten.cli.options import AUDIO_DIR, CUTS, LEXICON, WEIGHTS, RecipeOption

app = typer.Typer()


@app.command("recognize")
def recognize(
    *,
    recipe: RecipeOption,
    engine: Annotated[Path, typer.Option(help="The engine, schatten-recognize.")],
    model: Annotated[Path, typer.Option(help="Its model, as `export` wrote it (.gguf).")],
    cuts: Annotated[Path, CUTS],
    output: Annotated[Path, typer.Option(help="Words: UTTERANCE WORD WORD ... a line.")],
    corpus_dir: Annotated[Path | None, AUDIO_DIR] = None,
    lm: Annotated[Path | None, typer.Option(help="KenLM binary; none: greedily.")] = None,
    lexicon: Annotated[Path | None, LEXICON] = None,
    weights: Annotated[Path | None, WEIGHTS] = None,
) -> None:
    """Recognise a split's sound with the engine, in one process; print what it took."""
    from schatten import recipe as recipes
    from schatten.decode.engine import Engine, Language

    given = [one for one in (lm, lexicon, weights) if one is not None]
    if len(given) not in (0, 3):
        raise typer.BadParameter("--lm, --lexicon and --weights go together")
    language = Language(*given) if given else None
    program = Engine(engine, model, recipes.load(recipe).decoding, language)
    typer.echo(program.decode(cuts, corpus_dir or cuts.parent, output))


@app.command("bench-decoder")
def bench_decoder(
    *,
    recipe: RecipeOption,
    logprobs: Annotated[Path, typer.Option(help="Log-probabilities of the split (.npz).")],
    cuts: Annotated[Path, CUTS],
    lm: Annotated[Path, typer.Option(help="KenLM binary (or ARPA).")],
    lexicon: Annotated[Path, LEXICON],
    weights: Annotated[Path, WEIGHTS],
    program: Annotated[Path, typer.Option(help="The engine's search.")] = Path(
        ".tools/engine/bin/decode_logprobs"
    ),
    look_ahead: Annotated[
        Path | None,
        typer.Option(help="First-pass model: the engine is also run with its look-ahead."),
    ] = None,
    beam: Annotated[list[int], typer.Option(help="Beams to compare at.")] = [25, 50, 100, 200],  # noqa: B006
    rounds: Annotated[int, typer.Option(help="Times are the least of so many, in turns.")] = 3,
) -> None:
    """Decode with the engine and with flashlight-text: WER (%), CPU seconds, MB, one thread."""
    from schatten import recipe as recipes
    from schatten.decode.contest import Contest, as_lines, compare

    contest = Contest(logprobs, cuts, lm, lexicon, weights, program, look_ahead)
    outcomes = compare(contest, recipes.load(recipe).decoding, beam, rounds)
    typer.echo("\n".join(as_lines(outcomes)))
