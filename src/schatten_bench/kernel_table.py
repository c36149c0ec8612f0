"""Kernels beside other libraries': instructions and modelled cycles per multiply-accumulate.

Bytes per MAC are the packed weights read for each MAC; the bandwidth is what the modelled speed
would draw from memory at the CPU's clock. Where a board has less, the board's is the speed.
"""

import csv
import io
from pathlib import Path

from schatten.device import llvm_mca
from schatten.device.llvm_mca import Cycles
from schatten.runtime import files
from schatten_bench import other_libraries
from schatten_bench.instruction_counts import COLUMNS, KERNELS, NEON_32, SHAPES, Counts, Product

SHAPE = (6144, 320)
"""The shape of the trace norm paper's figure 6; other libraries' figures hold for it."""
BLOCK = {"neon": 16, "dotprod": 4, "i8mm": 8, NEON_32: 16}
"""Weights to which each row is filled up in packed form."""
TITLE = "Instructions counted under emulation; cycles modelled by llvm-mca, weights in cache"

Line = dict[str, str]


def instructions_per_mac(measured: Counts, product: Product) -> float:
    """Instructions per multiply-accumulate."""
    return measured[product] / product.macs


def bytes_per_mac(product: Product) -> float:
    """Bytes of packed weights read per multiply-accumulate."""
    block = BLOCK[product.kernels]
    return -(-product.cols // block) * block / (product.cols * product.columns)


def table_lines(measured: Counts, cycles: Cycles) -> list[Line]:
    """Return a line for each product: instructions and, for each CPU, cycles and implied GB/s."""
    whole = [one for one in measured if not one.zeros and one.bits == 8]
    return [_line(measured, cycles, product) for product in whole]


def _line(measured: Counts, cycles: Cycles, product: Product) -> Line:
    line = {
        "kernels": product.kernels,
        "shape": f"{product.rows}x{product.cols}",
        "N": str(product.columns),
        "instructions/MAC": f"{instructions_per_mac(measured, product):.4f}",
        "bytes/MAC": f"{bytes_per_mac(product):.4f}",
    }
    for cpu in llvm_mca.CPUS:
        value = cycles.get((cpu.name, product.kernels, product.columns))
        line[f"{cpu.name} cycles/MAC"] = "" if value is None else f"{value:.4f}"
        drawn = "" if value is None else f"{bytes_per_mac(product) / value * cpu.gigahertz:.1f}"
        line[f"{cpu.name} GB/s at {cpu.gigahertz} GHz"] = drawn
    return line


def write_csv(path: Path, table: list[Line]) -> None:
    """Write the table as CSV."""
    text = io.StringIO()
    rows = csv.DictWriter(text, list(table[0]), lineterminator="\n")
    rows.writeheader()
    rows.writerows(table)
    files.write_text(path, text.getvalue())


def markdown(measured: Counts, cycles: Cycles) -> str:
    """Write the tables as Markdown: the paper's shape beside others, cycles, every shape."""
    parts = [f"# Kernels: {TITLE}\n"]
    for kernels in KERNELS:
        parts.append(_instructions(measured, kernels))
    parts.append(_instructions_32(measured))
    parts.append(_cycles(cycles))
    parts.append(_shapes(measured))
    return "\n".join(parts)


def _row(name: str, values: tuple[float, ...], digits: int = 3) -> str:
    return f"| {name} | " + " | ".join(f"{value:.{digits}f}" for value in values) + " |\n"


def _head(title: str) -> str:
    return f"| {title} | N=1 | N=2 | N=3 | N=4 |\n|---|---|---|---|---|\n"


def chosen_kernels(kernels: str, columns: int) -> str:
    """Name the kernels that the library picks: i8mm leaves a single column to dotprod."""
    return "dotprod" if kernels == "i8mm" and columns == 1 else kernels


def ours_by_columns(measured: Counts, kernels: str, shape: tuple[int, int]) -> tuple[float, ...]:
    """Instructions per MAC of a shape at N = 1..4 on a CPU whose best kernels are `kernels`."""
    picked = [Product(chosen_kernels(kernels, n), *shape, n) for n in COLUMNS]
    return tuple(instructions_per_mac(measured, product) for product in picked)


def _instructions(measured: Counts, kernels: str) -> str:
    said = _head(f"instructions / MAC, {kernels}, {SHAPE[0]}x{SHAPE[1]}")
    for name, values in other_libraries.INSTRUCTIONS[kernels].items():
        said += _row(name, values)
    said += _row("goal", other_libraries.GOALS[kernels])
    return said + _row("**schatten**", ours_by_columns(measured, kernels, SHAPE))


def _instructions_32(measured: Counts) -> str:
    """32-bit ARM beside AArch64, both without dot products."""
    said = _head(f"instructions / MAC, {NEON_32} (32-bit ARM), {SHAPE[0]}x{SHAPE[1]}")
    said += _row("neon of AArch64", ours_by_columns(measured, "neon", SHAPE))
    return said + _row("**schatten**", ours_by_columns(measured, NEON_32, SHAPE))


def _cycles(cycles: Cycles) -> str:
    said = _head("modelled cycles / MAC of the inner loop (and GB/s drawn)")
    for cpu in llvm_mca.CPUS:
        for kernels in cpu.kernels:
            for name, values in other_libraries.CYCLES.get((cpu.name, kernels), {}).items():
                said += _row(f"{cpu.name}, {kernels}: {name}", values)
            modelled = [cycles[cpu.name, chosen_kernels(kernels, n), n] for n in COLUMNS]
            cells = [_cell(value, cpu, n) for n, value in enumerate(modelled, start=1)]
            said += f"| {cpu.name}, {kernels}: **schatten** | " + " | ".join(cells) + " |\n"
    return said


def _cell(value: float, cpu: llvm_mca.Cpu, columns: int) -> str:
    return f"{value:.4f} ({cpu.gigahertz / (value * columns):.1f})"


def _shapes(measured: Counts) -> str:
    said = _head("instructions / MAC, every shape")
    for kernels in (*KERNELS, NEON_32):
        for rows, cols in SHAPES:
            said += _row(
                f"{kernels} {rows}x{cols}", ours_by_columns(measured, kernels, (rows, cols)), 4
            )
    return said
