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
WEB_BUILDS = [Path("dist/web-scalar"), Path("dist/web")]
WEB_TIMER = Path("arm/web/node/time.mjs")
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
    programs: Annotated[
        Path, typer.Option(help="Folder of time_engine and time_memory, for this host.")
    ] = BUILT,
    tier: Annotated[list[str] | None, typer.Option(help="dense-11M ...; all by default.")] = None,
    rounds: Annotated[int, typer.Option(help="Turns of each; the fastest chunk counts.")] = 40,
) -> None:
    """Time the engine beside onnxruntime and torch on models of a paper's sizes, one thread.

    The sizes are those of the trace norm paper (Kliegl et al., 2018). All run the same model, in
    chunks of four output frames, with their state carried along. Behind each table stands how
    much the engine reads in a chunk, and how long that takes this core where nothing is cached
    that the frame before read. SCHATTEN_KERNELS=avx2 (scalar, avxvnni,
    avx512vnni, amx; neon, dotprod, i8mm on ARM) lowers the class of our kernels, not the others'.
    """
    import tempfile

    from schatten.errors import known
    from schatten_bench import memory, tier_models

    for name in tier or ():
        known("tier", name, tier_models.TIERS)
    typer.echo(f"{memory.cpu_and_class(programs / 'time_memory')}\n")
    for name in tier or tier_models.TIERS:
        with tempfile.TemporaryDirectory() as folder:
            _compare(name, programs, Path(folder), rounds)


def _compare(tier: str, built: Path, folder: Path, rounds: int) -> None:
    from schatten import models
    from schatten_bench import engines, tier_models

    model = tier_models.build_tier(tier)
    stored = folder / "model.pt"
    models.save(model, stored)
    parameters = model.parameters_at_inference()
    results = engines.time_engines(list(_programs(stored, built / "time_engine")), rounds)
    audio = 1e6 * 4 * model.settings.stride / 100
    typer.echo(
        f"{tier}: {parameters} parameters, chunks of 4 output frames ({audio / 1000:.0f} ms of "
        f"sound), one thread, CPU time of the fastest of {rounds * engines.CHUNKS} in turns"
    )
    _print(engines.table_lines(results, audio, parameters, OURS))
    for line in _bounds(built / "time_memory", stored):
        typer.echo(f"  {line}")
    typer.echo()


def _bounds(program: Path, model: Path) -> list[str]:
    """Say of each precision what a chunk reads, and the least time that reading takes."""
    from schatten_bench import memory

    sizes = [memory.bytes_stored_and_read(_exported(model, form)) for form in OURS.values()]
    speeds = memory.read_speeds(program, [stored for stored, _ in sizes])
    return [
        f"{form}: a chunk reads {read / 1e6:.1f} MB of {stored / 1e6:.1f} MB of weights, "
        f"{1e6 * read / speed:.0f} us at the {speed / 1e9:.1f} GB/s that a core reads from as much"
        for form, (stored, read), speed in zip(OURS.values(), sizes, speeds, strict=True)
    ]


def _exported(model: Path, precision: str) -> Path:
    return model.with_name(f"model.{precision}.gguf")


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
        file = _exported(model, precision)
        export(model, cast(Precision, precision), file)
        yield EngineProgram(name, [program, file], file)
    for number, (name, (form, frames, convolutions)) in enumerate(ONNX_FORMS.items()):
        file = model.with_name(f"model{number}.onnx")
        export_onnx(model, cast(Precision, form), frames, file, convolutions, signed_products=True)
        yield EngineProgram(name, [*rival, "onnxruntime", file], file)
    for kind in ("torch-fp32", "torch-int8"):
        yield EngineProgram(kind.replace("-", " "), [*rival, kind, model], model)


@app.command("compare-web")
def compare_web(
    builds: Annotated[
        list[Path] | None,
        typer.Argument(help="Folders with schatten.js: dist/web-scalar and dist/web by default."),
    ] = None,
    tier: Annotated[list[str] | None, typer.Option(help="dense-11M ...; all by default.")] = None,
    precision: Annotated[str, typer.Option(help="int8 or fp32.")] = "int8",
) -> None:
    """Time builds of the engine for browsers in Node, and print how much faster the last is.

    The models are those of `compare-engine`. `make wasm` makes the build with vectors of 128
    bits, `scripts/build_wasm.sh --scalar` the one without.
    """
    import shutil
    import subprocess
    import tempfile
    from typing import cast

    from schatten import models
    from schatten.errors import UserError, known
    from schatten.export.run import Precision, export
    from schatten_bench import tier_models

    folders = [folder.resolve() for folder in builds or WEB_BUILDS]
    for folder in folders:
        if not (folder / "schatten-engine.wasm").is_file():
            raise UserError(f"{folder} has no build: run make wasm, scripts/build_wasm.sh --scalar")
    if shutil.which("node") is None:
        raise UserError("node is missing: run apt-get install nodejs")
    tiers = [known("tier", name, tier_models.TIERS) for name in tier or tier_models.TIERS]
    form = cast(Precision, known("precision", precision, ["int8", "fp32"]))
    with tempfile.TemporaryDirectory() as temporary:
        stored, exported = (Path(temporary) / name for name in ("model.pt", "model.gguf"))
        for name in tiers:
            typer.echo(f"{name}, {precision}")
            models.save(tier_models.build_tier(name), stored)
            export(stored, form, exported)
            subprocess.run(["node", WEB_TIMER, exported, *folders], check=True)


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
