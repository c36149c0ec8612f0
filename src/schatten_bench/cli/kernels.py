"""Verbs that measure the kernels: count, bench, show, compare. They build nothing: CMake does."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()  # of `schatten device`

ProgramOption = Annotated[Path, typer.Option("--program", help="run_gemm, built for AArch64.")]
BUILT = Path("results/arm")


@app.command("count")
def count(
    output: Annotated[Path, typer.Option("--output", help="CSV: instructions of one call.")],
    program: ProgramOption = BUILT / "aarch64/bin/run_gemm",
    program_32: Annotated[
        Path, typer.Option("--program-32", help="run_gemm, built for ARMv7.")
    ] = BUILT / "armv7/bin/run_gemm",
    plugin: Annotated[
        Path, typer.Option("--plugin", help="libinsn_plugin.so, built for this host.")
    ] = BUILT / "host/lib/libinsn_plugin.so",
    jobs: Annotated[int, typer.Option("--jobs", help="Emulators at once.")] = 1,
) -> None:
    """Count the ARM instructions of every product under qemu. Exact; not a time."""
    from concurrent.futures import ThreadPoolExecutor

    from schatten_bench.instruction_counts import (
        NEON_32,
        Product,
        count_instructions,
        products,
        write_counts,
    )

    def number(product: Product) -> int:
        built = program_32 if product.kernels == NEON_32 else program
        return count_instructions(built, plugin, product)

    every = products()
    with ThreadPoolExecutor(jobs) as pool:
        numbers = pool.map(number, every)
        write_counts(output, dict(zip(every, numbers, strict=True)))


@app.command("bench")
def bench(
    instructions: Annotated[Path, typer.Option("--counts", help="What `device count` wrote.")],
    library: Annotated[Path, typer.Option("--library", help="libschatten_kernels.a, AArch64.")],
    output_dir: Annotated[Path, typer.Option("--output-dir", help="Folder of the results.")],
) -> None:
    """Write bench.csv, bench.md and figure6.svg: instructions and modelled cycles per MAC."""
    from schatten.device import llvm_mca
    from schatten.runtime import files
    from schatten_bench import (
        instruction_counts,
        kernel_figure,
        kernel_table,
        narrow_products,
        sparse_products,
    )

    measured = instruction_counts.read_counts(instructions)
    cycles = llvm_mca.cycles(library)
    sparse = sparse_products.markdown(measured, llvm_mca.sparse_cycles(library))
    narrow = narrow_products.markdown(measured, cycles, llvm_mca.narrow_cycles(library))
    kernel_table.write_csv(output_dir / "bench.csv", kernel_table.table_lines(measured, cycles))
    said = kernel_table.markdown(measured, cycles)
    files.write_text(output_dir / "bench.md", f"{said}\n{sparse}\n{narrow}")
    kernel_figure.draw_figure6(output_dir / "figure6.svg", measured, cycles)


@app.command("show")
def show(
    folder: Annotated[Path, typer.Option("--folder", help="Folder with bench.md.")] = BUILT,
) -> None:
    """Print the table of instructions and modelled cycles per MAC, beside other libraries'."""
    from rich.console import Console
    from rich.markdown import Markdown

    from schatten.runtime import files

    Console().print(Markdown(files.read_text(folder / "bench.md")))


@app.command("compare")
def compare_kernels(
    programs: Annotated[
        Path, typer.Option("--programs", help="Folder of time_gemm, time_vector, time_memory.")
    ] = BUILT / "host/bin",
    kernels: Annotated[str, typer.Option("--kernels", help="best, or a name.")] = "best",
) -> None:
    """Time this host: products against onnxruntime and torch, sparse ones against whole ones and
    FBGEMM (microseconds, one thread), and functions against the C library (nanoseconds)."""
    from schatten_bench.kernels import time_functions, time_kernels
    from schatten_bench.memory import cpu_and_class
    from schatten_bench.sparse_products import time_sparse

    typer.echo(cpu_and_class(programs / "time_memory"))
    times = time_kernels(programs / "time_gemm", kernels)
    for row in times:
        said = f"{row.rows}x{row.cols} N={row.columns} {row.kernels}: "
        said += f"{row.ours['int8']:.1f} us, from float {row.ours['float']:.1f} us"
        for name, value in row.rivals.items():
            said += f"; {name} {value:.1f} us ({row.lead(name):.2f}x, {row.bare_lead(name):.2f}x)"
        typer.echo(said)
    pairs = [(row, name) for row in times for name in row.rivals]
    _say_leads("as called", [row.lead(name) for row, name in pairs])
    _say_leads("without the call's own cost", [row.bare_lead(name) for row, name in pairs])
    for one in time_sparse(programs / "time_gemm", kernels):
        typer.echo(one.said)
    for each in time_functions(programs / "time_vector"):
        said = f"{each.name} {each.kernels}: {each.ours:.2f} ns, C library {each.library:.2f} ns"
        typer.echo(f"{said} ({each.lead:.1f}x)")


@app.command("sparse-model")
def count_sparse_model(
    program: Annotated[
        Path, typer.Option("--program", help="schatten-recognize, built for AArch64.")
    ] = BUILT / "aarch64/bin/schatten-recognize",
    plugin: Annotated[
        Path, typer.Option("--plugin", help="libinsn_plugin.so, built for this host.")
    ] = BUILT / "host/lib/libinsn_plugin.so",
) -> None:
    """Count the engine's instructions a frame for a model whose blocks of 16x4 are zero in part.

    The model has the sizes of voicesearch_like/lab and random weights.
    """
    from schatten_bench.sparse_model import SparseModel
    from schatten_bench.sparse_model import count as count_model

    whole: dict[str, SparseModel] = {}
    for one in count_model(program, plugin):
        first = whole.setdefault(one.cpu, one)
        typer.echo(
            f"{one.cpu}, {one.zeros} % zeros, {one.bytes:,} bytes; instructions a frame: acoustic "
            f"model {one.acoustic:,.0f} ({first.acoustic / one.acoustic:.2f}x fewer), "
            f"engine {one.engine:,.0f} ({first.engine / one.engine:.2f}x fewer)"
        )


def _say_leads(how: str, leads: list[float]) -> None:
    ahead = sum(lead > 1 for lead in leads)
    typer.echo(f"{how}: ahead in {ahead} of {len(leads)}, least {min(leads):.2f}x")
