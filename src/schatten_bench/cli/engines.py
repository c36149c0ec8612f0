"""Verbs that time the engine beside onnxruntime and torch: device compare-engine, device rival."""

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from schatten_bench.engines import EngineProgram

app = typer.Typer()  # of `schatten device`
BUILT = Path("results/arm/host/bin")
ONNX_FORMS = {
    "onnxruntime fp32": ("fp32", None, False),
    "onnxruntime int8, GRU in fp32": ("int8", None, False),
    "onnxruntime int8, steps": ("int8", 4, False),
    "onnxruntime int8, steps, int8 convolutions": ("int8", 4, True),
}
"""Precision; frames for which recurrent layers are written out; int8 convolutions or not.

Their int8 products have weights with sign: onnxruntime's fastest form, which `schatten export`
does not write, because it is inexact on CPUs without VNNI.
"""
OURS = {"engine fp32": "fp32", "engine int8": "int8"}


@app.command("compare-engine")
def compare_engine(
    programs: Annotated[Path, typer.Option(help="Folder of time_engine, for this host.")] = BUILT,
    tier: Annotated[list[str] | None, typer.Option(help="dense-11M ...; all by default.")] = None,
    rounds: Annotated[int, typer.Option(help="Turns of each; the fastest chunk counts.")] = 40,
) -> None:
    """Time the engine beside onnxruntime and torch on models of a paper's sizes, one thread.

    The sizes are those of the trace norm paper (Kliegl et al., 2018). All run the same model, in
    chunks of four output frames, with their state carried along.
    """
    import tempfile

    from schatten_bench import tier_models

    for name in tier or tier_models.TIERS:
        with tempfile.TemporaryDirectory() as folder:
            _compare(name, programs / "time_engine", Path(folder), rounds)


def _compare(tier: str, program: Path, folder: Path, rounds: int) -> None:
    from schatten import models
    from schatten_bench import engines, tier_models

    model = tier_models.build_tier(tier)
    stored = folder / "model.pt"
    models.save(model, stored)
    parameters = model.parameters_at_inference()
    results = engines.time_engines(list(_programs(stored, program)), rounds)
    audio = 1e6 * 4 * model.settings.stride / 100
    typer.echo(
        f"{tier}: {parameters} parameters, chunks of 4 output frames ({audio / 1000:.0f} ms of "
        f"sound), one thread, CPU time of the fastest of {rounds * engines.CHUNKS} in turns"
    )
    _print(engines.table_lines(results, audio, parameters, OURS))
    typer.echo()


def _print(lines: list[dict[str, str]]) -> None:
    widths = [max(len(key), *(len(line[key]) for line in lines)) for key in lines[0]]
    for cells in [list(lines[0]), *(list(line.values()) for line in lines)]:
        pairs = zip(cells[1:], widths[1:], strict=True)
        typer.echo(f"  {cells[0]:{widths[0]}}  " + "  ".join(f"{c:>{w}}" for c, w in pairs))


def _programs(model: Path, program: Path) -> Iterable["EngineProgram"]:
    """Export a model in every form and yield the programs that run it."""
    from typing import cast

    from schatten.export.onnx import export_onnx
    from schatten.export.run import Precision, export
    from schatten_bench.engines import EngineProgram

    rival = [sys.executable, "-m", "schatten.cli", "device", "rival"]
    for name, precision in OURS.items():
        file = model.with_name(f"model.{precision}.gguf")
        export(model, cast(Precision, precision), file)
        yield EngineProgram(name, [program, file], file)
    for number, (name, (form, frames, convolutions)) in enumerate(ONNX_FORMS.items()):
        file = model.with_name(f"model{number}.onnx")
        export_onnx(model, cast(Precision, form), frames, file, convolutions, signed_products=True)
        yield EngineProgram(name, [*rival, "onnxruntime", file], file)
    for kind in ("torch-fp32", "torch-int8"):
        yield EngineProgram(kind.replace("-", " "), [*rival, kind, model], model)


@app.command("rival", hidden=True)
def rival(
    kind: Annotated[str, typer.Argument(help="onnxruntime, torch-fp32 or torch-int8.")],
    model: Annotated[Path, typer.Argument(help="The model (.onnx or .pt).")],
) -> None:
    """Run a rival of the engine for `compare-engine`: it is asked through standard input."""
    from schatten_bench import rival_engine

    if kind == "onnxruntime":
        rival_engine.serve(rival_engine.onnx_stream(model))
    else:
        from schatten_bench.torch_stream import torch_stream

        rival_engine.serve(torch_stream(model, kind == "torch-int8"))
