"""The verb that runs the engine on a split: recognize."""

from pathlib import Path
from typing import Annotated

import typer

from schatten.cli.options import AUDIO_DIR, LEXICON, WEIGHTS, JobsOption, RecipeOption, one_each

app = typer.Typer()


@app.command("recognize")
def recognize(
    *,
    recipe: RecipeOption,
    engine: Annotated[Path, typer.Option(help="The engine, schatten-recognize.")],
    model: Annotated[Path, typer.Option(help="Its model, as `export` wrote it (.gguf).")],
    cuts: Annotated[
        list[Path], typer.Option(help="Cuts of a split (.cuts.jsonl.gz); may be repeated.")
    ],
    output: Annotated[
        list[Path],
        typer.Option(help="Words: UTTERANCE WORD WORD ... a line; once for each --cuts."),
    ],
    corpus_dir: Annotated[Path | None, AUDIO_DIR] = None,
    lm: Annotated[Path | None, typer.Option(help="KenLM binary; none: greedily.")] = None,
    lexicon: Annotated[Path | None, LEXICON] = None,
    weights: Annotated[Path | None, WEIGHTS] = None,
    jobs: JobsOption = 1,
) -> None:
    """Recognise the sound of splits with the engine, in --jobs processes; print time and memory."""
    from schatten import recipe as recipes
    from schatten.decode.engine import Engine, Language

    given = [one for one in (lm, lexicon, weights) if one is not None]
    if len(given) not in (0, 3):
        raise typer.BadParameter("--lm, --lexicon and --weights go together")
    one_each("--cuts", cuts, output)
    language = Language(*given) if given else None
    program = Engine(engine, model, recipes.load(recipe).decoding, language)
    typer.echo(program.decode(list(zip(cuts, output, strict=True)), corpus_dir, jobs))
