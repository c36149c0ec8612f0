"""The verb that makes a trained model ready for the engine: export."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from schatten.cli.options import WEIGHTS, RecipeOption

app = typer.Typer()


class PrecisionName(StrEnum):
    """How weights are stored."""

    fp32 = "fp32"
    int8 = "int8"
    int4 = "int4"


class FormatName(StrEnum):
    """What file is written."""

    gguf = "gguf"
    onnx = "onnx"


@app.command("export")
def export(
    *,
    model: Annotated[Path, typer.Option(help="A trained model (model.pt).")],
    precision: Annotated[PrecisionName, typer.Option(help="How weights are stored.")],
    output: Annotated[Path, typer.Option(help="The exported model (.gguf or .onnx).")],
    format_: Annotated[
        FormatName, typer.Option("--format", help="For our engine, or for onnxruntime.")
    ] = FormatName.gguf,
    frames: Annotated[
        int | None,
        typer.Option(
            min=1, help="ONNX: write recurrent layers out for chunks of this many output frames."
        ),
    ] = None,
) -> None:
    """Write a trained model for the engine (GGUF), or as ONNX: BatchNorm folded, factors kept."""
    from schatten.errors import UserError

    if format_ == FormatName.onnx:
        from schatten.export.onnx import export_onnx

        typer.echo(export_onnx(model, precision.value, frames, output))
    elif frames is not None:
        raise UserError("--frames is for --format onnx: leave it out")
    else:
        from schatten.export.run import export as run

        typer.echo(run(model, precision.value, output))


@app.command("bundle")
def bundle(
    *,
    recipe: RecipeOption,
    model: Annotated[
        Path,
        typer.Option(help="The engine's model (.gguf), or a trained one (.pt), exported in int8."),
    ],
    lm: Annotated[Path, typer.Option(help="KenLM binary of words.")],
    lexicon: Annotated[Path, typer.Option(help="Its lexicon.")],
    weights: Annotated[Path, WEIGHTS],
    output: Annotated[Path, typer.Option(help="Folder to write.")],
) -> None:
    """Gather everything a device needs except the program: model, language model, lexicon,
    checksums."""
    from schatten import recipe as recipes
    from schatten.export.bundle import bundle as run
    from schatten.export.bundle import commands_of

    settings = recipes.load(recipe)
    typer.echo(
        run(
            model=model,
            lm=lm,
            lexicon=lexicon,
            weights=weights,
            settings=settings.decoding,
            output=output,
            commands=commands_of(settings),
        )
    )
