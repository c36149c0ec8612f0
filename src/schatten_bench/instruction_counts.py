"""Exact counts of the instructions that a product executes, from qemu's plugin interface.

An instruction count is no time: a core may run four of them in a cycle, or wait for one.
"""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from schatten.device import qemu, tools
from schatten.errors import UserError
from schatten.runtime import files

KERNELS = ("neon", "dotprod", "i8mm")
"""Of AArch64."""
NEON_32 = "neon32"
"""The kernels that 32-bit ARM calls `neon`."""
COLUMNS = (1, 2, 3, 4)
SHAPES = (
    (6144, 320),
    (3072, 1024),
    (3840, 1280),
    (1536, 1280),
    (2304, 768),
    (320, 1024),
    (3072, 320),
    (2000, 500),
    (513, 1027),
    (29, 1536),
)
"""Rows and columns of weight matrices: figure 6 of the trace norm paper, our layers, odd ones."""
SPARSE_SHAPES = ((6144, 320), (576, 192))
"""Rows and columns of sparse matrices: the shape of figure 6, and a GRU of 192 units."""
ZEROS = (75, 90)
"""Percent of the blocks of sparse matrices that are zero, at random places."""
NARROW_SHAPES = ((6144, 320), (2304, 768))
"""Rows and columns of matrices whose weights stay in 4 bits: of `SHAPES`, to compare with."""
NARROW_KERNELS = KERNELS
"""Kernels that multiply such matrices."""
TOLERANCE = 0.01
"""Share by which a count may rise above the committed one."""


@dataclass(frozen=True, order=True)
class Product:
    """C = A x with `rows` by `cols` weights and `columns` columns, by one set of kernels."""

    kernels: str
    rows: int
    cols: int
    columns: int
    zeros: int = 0
    """Percent of the blocks that are zero; 0: the weights are stored whole."""
    bits: int = 8
    """Bits of a weight in memory: 8 or 4."""

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the product, those with zeros too."""
        return self.rows * self.cols * self.columns

    def __str__(self) -> str:
        form = f", {self.zeros} % zeros" if self.zeros else ""
        form += "" if self.bits == 8 else f", {self.bits} bits"
        return f"{self.kernels} {self.rows}x{self.cols} N={self.columns}{form}"


Counts = dict[Product, int]
"""Instructions of one call, by product."""


def products(kernels: Iterable[str] = (*KERNELS, NEON_32)) -> list[Product]:
    """List every product that is counted."""
    given = tuple(kernels)
    whole = [Product(k, m, n, c) for k in given for m, n in SHAPES for c in COLUMNS]
    sparse = [
        Product(k, m, n, c, zeros)
        for k in given
        for m, n in SPARSE_SHAPES
        for c in COLUMNS
        for zeros in ZEROS
    ]
    return [*whole, *sparse, *_narrow(given)]


def _narrow(given: tuple[str, ...]) -> list[Product]:
    kernels = [one for one in given if one in NARROW_KERNELS]
    return [Product(k, m, n, c, bits=4) for k in kernels for m, n in NARROW_SHAPES for c in COLUMNS]


def count_instructions(program: Path, plugin: Path, product: Product) -> int:
    """Count the instructions of one call: two calls less one, all else being equal.

    `program` is run_gemm for AArch64 or, for `neon32`, for ARMv7; `plugin` is insn_plugin for this
    host. The call packs the activations, multiplies, and scales the sums to float; weights were
    packed before.
    """
    return _run(program, plugin, product, 2) - _run(program, plugin, product, 1)


def _run(program: Path, plugin: Path, product: Product, times: int) -> int:
    p = product
    sizes = [str(size) for size in (p.rows, p.cols, p.columns, times)]
    if p.zeros:
        sizes.append(str(100 - p.zeros))
    if p.bits == 4:
        sizes.append("int4")
    emulator, kernels = ("qemu-aarch64", p.kernels)
    if p.kernels == NEON_32:
        emulator, kernels = ("qemu-arm", "neon")
    emulate = [emulator, "-cpu", "max", "-plugin", str(plugin.resolve())]
    return qemu.instruction_count(tools.run([*emulate, program, kernels, *sizes]).stderr, plugin)


def write_counts(path: Path, counts: Counts) -> None:
    """Write counts as CSV."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(["kernels", "rows", "cols", "columns", "zeros", "bits", "instructions"])
    for one, instructions in counts.items():
        form = [one.kernels, one.rows, one.cols, one.columns, one.zeros, one.bits]
        rows.writerow([*form, instructions])
    files.write_text(path, text.getvalue())


def read_counts(path: Path) -> Counts:
    """Read counts from CSV. Errors: `UserError` if the file is missing or damaged."""
    try:
        rows = list(csv.DictReader(files.read_lines(path)))
        return {_product(row): int(row["instructions"]) for row in rows}
    except (KeyError, ValueError) as error:
        raise UserError(
            f"{path} is no table of instruction counts ({error}): make it anew"
        ) from None


def _product(row: dict[str, str]) -> Product:
    sizes = (int(row[key]) for key in ("rows", "cols", "columns", "zeros", "bits"))
    return Product(row["kernels"], *sizes)


def rises(committed: Counts, measured: Counts) -> list[str]:
    """Return a sentence for each product that takes more than committed, or was never committed."""
    said = []
    for product, now in measured.items():
        before = committed.get(product)
        if before is None:
            said.append(f"{product}: {now} instructions, none committed")
        elif now > before * (1 + TOLERANCE):
            said.append(f"{product}: {now} instructions, {now / before - 1:.1%} above {before}")
    return said
