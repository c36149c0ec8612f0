"""Verbs from log-probabilities to scored words: tune, decode, score."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from schatten.cli.options import RecipeOption

app = typer.Typer()

LogProbsOption = Annotated[
    Path, typer.Option(help="Log-probabilities of the split's utterances (.npz).")
]
CutsOption = Annotated[Path, typer.Option(help="Cuts of the split, with transcripts.")]
LmOption = Annotated[Path | None, typer.Option(help="KenLM binary (or ARPA).")]
LexiconOption = Annotated[Path | None, typer.Option(help="Lexicon: WORD TAB UNITS a line.")]


class DecoderName(StrEnum):
    """How words are found."""

    greedy = "greedy"
    lexicon = "lexicon"


@app.command("tune")
def tune(
    *,
    recipe: RecipeOption,
    logprobs: LogProbsOption,
    cuts: CutsOption,
    lm: Annotated[Path, typer.Option(help="KenLM binary (or ARPA).")],
    lexicon: Annotated[Path, typer.Option(help="Lexicon: WORD TAB UNITS a line.")],
    output: Annotated[Path, typer.Option(help="The weights, and what was tried (.json).")],
) -> None:
    """Choose LM weight and word bonus (natural logs) by WER on dev."""
    from schatten import recipe as recipes
    from schatten.decode.tune import tune as run

    chosen = run(logprobs, cuts, lm, lexicon, recipes.load(recipe).decoding)
    chosen.write(output)
    typer.echo(chosen.summary)


@app.command("decode")
def decode(
    *,
    recipe: RecipeOption,
    logprobs: LogProbsOption,
    output: Annotated[Path, typer.Option(help="Words: UTTERANCE WORD WORD ... a line.")],
    decoder: Annotated[DecoderName, typer.Option(help="How words are found.")],
    lm: LmOption = None,
    lexicon: LexiconOption = None,
    weights: Annotated[Path | None, typer.Option(help="Weights that `tune` wrote.")] = None,
) -> None:
    """Turn log-probabilities into words: greedily, or by beam search with a language model."""
    from schatten import recipe as recipes
    from schatten.decode import run

    settings = recipes.load(recipe).decoding
    if decoder is DecoderName.greedy:
        if lm or lexicon or weights:
            raise typer.BadParameter("--decoder greedy takes no --lm, --lexicon or --weights")
        speed = run.greedy(logprobs, output)
    else:
        if not (lm and lexicon and weights):
            raise typer.BadParameter("--decoder lexicon needs --lm, --lexicon and --weights")
        files = run.DecoderFiles(lm, lexicon, weights)
        speed = run.lexicon(logprobs, files, settings, output)
    typer.echo(speed)


@app.command("score")
def score(
    *,
    recipe: RecipeOption,
    hypotheses: Annotated[Path, typer.Option(help="Words that `decode` wrote.")],
    cuts: CutsOption,
    output: Annotated[Path, typer.Option(help="Rates and counts: NAME.score.json.")],
    lexicon: Annotated[
        Path | None, typer.Option(help="Lexicon, to list words that are out of it.")
    ] = None,
) -> None:
    """Score words against transcripts: WER and CER in %, with bootstrap intervals.

    Beside the output: NAME.errors.txt, NAME.ref.trn, NAME.hyp.trn, NAME.utterances.csv.
    """
    from schatten import recipe as recipes
    from schatten.score.run import score_files

    tables = recipes.load(recipe).tables
    typer.echo(score_files(hypotheses, cuts, output, lexicon, tables))
