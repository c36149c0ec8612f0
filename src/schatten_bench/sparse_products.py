"""Sparse products: instructions and modelled cycles beside other libraries', times on this host.

All figures are per multiply-accumulate of the whole matrix, zeros too, so that they compare with
those of dense products.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from schatten.device import llvm_mca, tools
from schatten.device.llvm_mca import Cycles
from schatten_bench.instruction_counts import (
    COLUMNS,
    KERNELS,
    NEON_32,
    SPARSE_SHAPES,
    ZEROS,
    Counts,
    Product,
)
from schatten_bench.kernel_table import SHAPE, chosen_kernels, instructions_per_mac
from schatten_bench.kernels import least

TIMED_COLUMNS = (1, 4)

PEERS: dict[tuple[str, int, int], dict[str, float]] = {
    ("neon", 1, 75): {"Opus, blocks of 8x4": 0.127},
    ("neon", 1, 90): {"Opus, blocks of 8x4": 0.0565},
    ("dotprod", 1, 75): {"Opus, blocks of 8x4": 0.0800, "TFLite, blocks of 1x16": 0.2375},
    ("dotprod", 1, 90): {"Opus, blocks of 8x4": 0.0378, "TFLite, blocks of 1x16": 0.170},
    ("dotprod", 4, 75): {"TFLite, blocks of 1x16": 0.1905},
    ("dotprod", 4, 90): {"TFLite, blocks of 1x16": 0.120},
}
"""Instructions per multiply-accumulate at 6144x320 by kernels, columns and percent of zeros:
measured as ours are, from their public source built with GCC 12."""

GOALS: dict[tuple[str, int, int], float] = {
    ("neon", 1, 75): 0.083,
    ("neon", 1, 90): 0.038,
    ("neon", 4, 75): 0.073,
    ("neon", 4, 90): 0.036,
    ("dotprod", 1, 75): 0.044,
    ("dotprod", 1, 90): 0.022,
    ("dotprod", 4, 75): 0.027,
    ("dotprod", 4, 90): 0.0135,
    ("i8mm", 2, 75): 0.026,
}
"""Instructions per multiply-accumulate at 6144x320 that ours were to reach."""


def markdown(measured: Counts, cycles: Cycles) -> str:
    """Write the tables of instructions and of modelled cycles as Markdown."""
    return "\n".join((_instructions(measured), _cycles(cycles)))


def _instructions(measured: Counts) -> str:
    rows, cols = SHAPE
    said = f"| instructions / MAC, sparse {rows}x{cols} | whole |"
    said += "".join(f" {zeros} % zeros | goal | others |" for zeros in ZEROS)
    said += "\n" + "|---" * (2 + 3 * len(ZEROS)) + "|\n"
    for kernels in (*KERNELS, NEON_32):
        for n in COLUMNS:
            picked = chosen_kernels(kernels, n)
            whole = instructions_per_mac(measured, Product(picked, rows, cols, n))
            said += f"| {kernels}, N={n} | {whole:.4f} |"
            for zeros in ZEROS:
                ours = instructions_per_mac(measured, Product(picked, rows, cols, n, zeros))
                goal = GOALS.get((kernels, n, zeros))
                peers = PEERS.get((kernels, n, zeros), {})
                others = ", ".join(f"{name} {value:.3f}" for name, value in peers.items())
                said += f" {ours:.4f} ({whole / ours:.2f}x) | {goal or ''} | {others} |"
            said += "\n"
    return said


def _cycles(cycles: Cycles) -> str:
    said = "| modelled cycles / MAC of the inner loop, 75 % zeros | N=1 | N=2 | N=4 |\n"
    said += "|---|---|---|---|\n"
    for cpu in llvm_mca.CPUS:
        for kernels in cpu.kernels:
            values = [cycles[cpu.name, chosen_kernels(kernels, n), n] / 4 for n in (1, 2, 4)]
            cells = " | ".join(f"{value:.4f}" for value in values)
            said += f"| {cpu.name}, {kernels} | {cells} |\n"
    return said


@dataclass(frozen=True)
class SparseTimes:
    """Least microseconds of a product: whole, at each share of zeros, and FBGEMM's at the same."""

    rows: int
    cols: int
    columns: int
    kernels: str
    whole: float
    sparse: dict[int, float]
    fbgemm: dict[int, float]

    @property
    def said(self) -> str:
        """A line."""
        said = f"sparse {self.rows}x{self.cols} N={self.columns} {self.kernels}: "
        said += f"whole {self.whole:.1f} us"
        for zeros, ours in self.sparse.items():
            said += f"; {zeros} % zeros {ours:.1f} us ({self.whole / ours:.1f}x)"
            if rival := self.fbgemm.get(zeros):
                said += f", FBGEMM 1x4 {rival:.1f} us ({rival / ours:.1f}x)"
        return said


def time_sparse(program: Path, kernels: str = "best") -> list[SparseTimes]:
    """Return the times of sparse products on this host; `program` is time_gemm."""
    found = []
    for rows, cols in (*SPARSE_SHAPES, (2304, 768)):
        for columns in TIMED_COLUMNS:
            whole, sparse, fbgemm = None, {}, {}
            for zeros in ZEROS:
                stored = str(100 - zeros)
                # Whole and sparse in turn, so that both meet the same machine.
                name, dense = _time(program, kernels, rows, cols, columns)
                whole = min(dense, whole or dense)
                name, sparse[zeros] = _time(program, kernels, rows, cols, columns, stored)
                if call := _fbgemm(rows, cols, columns, zeros):
                    fbgemm[zeros] = least(call)
            assert whole is not None
            found.append(SparseTimes(rows, cols, columns, name, whole, sparse, fbgemm))
    return found


def _time(
    program: Path, kernels: str, rows: int, cols: int, columns: int, *stored: str
) -> tuple[str, float]:
    given = f"{kernels} {rows} {cols} {columns}\n"
    said = tools.run([program, *stored], stdin=given).stdout.split()
    return said[0], float(said[4])


def _fbgemm(rows: int, cols: int, columns: int, zeros: int) -> Callable[[], object] | None:
    """Make a call of FBGEMM's block-sparse product through torch; none if this torch lacks it.

    Its blocks have one row and four columns. Its activations are quantized beforehand, with a
    fixed scale, and its 16-bit pairs of products saturate.
    """
    import torch

    if "fbgemm" not in torch.backends.quantized.supported_engines:
        return None
    torch.set_num_threads(1)
    torch.backends.quantized.engine = "fbgemm"
    random = np.random.default_rng(0)
    kept = (random.random((rows, cols // 4)) >= zeros / 100).repeat(4, 1)
    weights = torch.from_numpy(random.standard_normal((rows, cols), np.float32) * kept)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            scales, offsets = torch.full((rows,), 0.03).double(), torch.zeros(rows).long()
            quantized = torch.quantize_per_channel(weights, scales, offsets, 0, torch.qint8)
            packed = torch.ops.sparse.qlinear_prepack(quantized, None, 1, 4)
            draws = torch.from_numpy(random.standard_normal((columns, cols), np.float32))
            x = torch.quantize_per_tensor(draws, 0.03, 128, torch.quint8)
            torch.ops.sparse.qlinear(x, packed, 0.1, 128)
    except (AttributeError, RuntimeError):
        return None
    return lambda: torch.ops.sparse.qlinear(x, packed, 0.1, 128)
