"""Products whose weights stay in 4 bits beside 8-bit ones: instructions, bytes, cycles."""

from schatten.device import llvm_mca
from schatten.device.llvm_mca import Cycles
from schatten_bench.instruction_counts import COLUMNS, NARROW_KERNELS, Counts, Product
from schatten_bench.kernel_table import SHAPE, chosen_kernels, instructions_per_mac

GOAL = 1.35
"""Instructions of 4 bits, in those of 8, that were not to be passed."""
CYCLE_COLUMNS = (1, 4)


def ratio(measured: Counts, kernels: str, columns: int) -> float:
    """Instructions with weights of 4 bits, in those with 8 bits, on a CPU with these kernels."""
    wide, narrow = _products(kernels, columns)
    return measured[narrow] / measured[wide]


def megabytes(product: Product) -> float:
    """Return the weights that a product reads, in 10^6 bytes. The shape has whole blocks."""
    return product.rows * product.cols * product.bits / 8e6


def markdown(measured: Counts, cycles: Cycles, narrow_cycles: Cycles) -> str:
    """Write the tables of instructions and bytes, and of modelled cycles, as Markdown."""
    return "\n".join((_instructions(measured), _cycles(cycles, narrow_cycles)))


def _products(kernels: str, columns: int) -> tuple[Product, Product]:
    picked = chosen_kernels(kernels, columns)
    return Product(picked, *SHAPE, columns), Product(picked, *SHAPE, columns, bits=4)


def _instructions(measured: Counts) -> str:
    rows, cols = SHAPE
    said = f"| weights in memory, {rows}x{cols} | instructions / MAC, 8 bits | 4 bits | ratio "
    said += f"(goal: {GOAL}) | MB drawn, 8 bits | 4 bits |\n|---|---|---|---|---|---|\n"
    for kernels in NARROW_KERNELS:
        for columns in COLUMNS:
            wide, narrow = _products(kernels, columns)
            cells = [f"{instructions_per_mac(measured, one):.4f}" for one in (wide, narrow)]
            cells.append(f"{ratio(measured, kernels, columns):.2f}")
            cells += [f"{megabytes(one):.2f}" for one in (wide, narrow)]
            said += f"| {kernels}, N={columns} | {' | '.join(cells)} |\n"
    return said


def _cycles(cycles: Cycles, narrow_cycles: Cycles) -> str:
    said = "| modelled cycles / MAC of the inner loop (and GB/s drawn) |"
    for columns in CYCLE_COLUMNS:
        said += f" N={columns}, 8 bits | 4 bits |"
    said += "\n" + "|---" * (1 + 2 * len(CYCLE_COLUMNS)) + "|\n"
    for cpu in llvm_mca.CPUS:
        for kernels in cpu.kernels:
            said += f"| {cpu.name}, {kernels} |"
            for columns in CYCLE_COLUMNS:
                key = cpu.name, chosen_kernels(kernels, columns), columns
                for found, bits in ((cycles, 8), (narrow_cycles, 4)):
                    drawn = cpu.gigahertz * bits / 8 / (found[key] * columns)
                    said += f" {found[key]:.4f} ({drawn:.1f}) |"
            said += "\n"
    return said
