"""Weights that stay in 4 bits: the committed counts against the goal, and the table."""

import pytest
from project import ROOT

from schatten.device import llvm_mca
from schatten_bench import narrow_products
from schatten_bench.instruction_counts import (
    COLUMNS,
    NARROW_KERNELS,
    NARROW_SHAPES,
    Product,
    read_counts,
)


@pytest.fixture
def committed():
    return read_counts(ROOT / "arm/bench/instructions.csv")


@pytest.mark.parametrize("kernels", NARROW_KERNELS)
@pytest.mark.parametrize("shape", NARROW_SHAPES)
@pytest.mark.parametrize("columns", COLUMNS)
def test_committed_counts_reach_the_goal(committed, kernels, shape, columns):
    wide = committed[Product(kernels, *shape, columns)]
    narrow = committed[Product(kernels, *shape, columns, bits=4)]
    assert 1 < narrow / wide <= narrow_products.GOAL


def test_the_table_has_both(committed):
    keys = [
        (cpu.name, kernels, n)
        for cpu in llvm_mca.CPUS
        for kernels, n in llvm_mca.LOOPS
        if kernels in cpu.kernels
    ]
    said = narrow_products.markdown(
        committed, dict.fromkeys(keys, 0.2), dict.fromkeys(keys, 0.25)
    ).splitlines()
    macs = 6144 * 320
    wide, narrow = (committed[Product("neon", 6144, 320, 1, bits=bits)] for bits in (8, 4))
    cells = f"{wide / macs:.4f} | {narrow / macs:.4f} | {narrow / wide:.2f} | 1.97 | 0.98 |"
    assert f"| neon, N=1 | {cells}" in said
    modelled = "0.2000 (6.0) | 0.2500 (2.4) | 0.2000 (1.5) | 0.2500 (0.6) |"
    assert f"| cortex-a53, neon | {modelled}" in said
    single = next(line for line in said if line.startswith("| i8mm, N=1 |"))
    assert single.removeprefix("| i8mm") == next(
        line for line in said if line.startswith("| dotprod, N=1 |")
    ).removeprefix("| dotprod")
