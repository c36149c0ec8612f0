"""The verb that makes a trained model ready for the engine: export."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()


class PrecisionName(StrEnum):
    """How weights are stored."""

    fp32 = "fp32"
    int8 = "int8"


@app.command("export")
def export(
    *,
    model: Annotated[Path, typer.Option(help="A trained model (model.pt).")],
    precision: Annotated[PrecisionName, typer.Option(help="How weights are stored.")],
    output: Annotated[Path, typer.Option(help="The model for the engine (.gguf).")],
) -> None:
    """Write a trained model as GGUF for the engine: BatchNorm folded, factors kept as factors."""
    from schatten.export import export as run

    typer.echo(run(model, precision.value, output))
