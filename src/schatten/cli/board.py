"""The verb that runs the engine on a device: device run."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()


@app.command("run")
def run(
    audio: Annotated[list[Path], typer.Argument(help="WAV files: 16 kHz, mono, 16 bits.")],
    *,
    device: Annotated[Path, typer.Option(help="The device: arm/devices/NAME.yaml.")],
    model: Annotated[Path, typer.Option(help="A model that `schatten export` wrote (.gguf).")],
    program: Annotated[
        Path | None, typer.Option(help="schatten-recognize, built for it; in results/arm if not.")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="JSON: texts and statistics.")] = None,
) -> None:
    """Recognise WAV files on a device: this host, an emulated CPU, or a board through SSH."""
    from schatten import files
    from schatten.device import boards

    where = boards.load(device)
    target = "host" if where.runner == "host" else "aarch64"
    built = program or Path(f"results/arm/{target}/bin/schatten-recognize")
    report = boards.recognise(where, built, model, audio)
    result = boards.as_json(where, model, report)
    if output is not None:
        files.write_json(output, result)
    for path, text in zip(audio, report.texts, strict=True):
        typer.echo(f"{path} {text}")
    said = f"{where.title}: audio {result['audio_seconds']:.2f} s"
    if where.has_times:
        said += f", {result.get('speed_up', 0):.1f} x real time"
        said += f", acoustic model {result['acoustic_share']:.3f} of the time"
        said += f", peak memory {result['peak_megabytes']:.1f} MB"
    typer.echo(said if where.has_times else f"{said}; emulated, so no times")
