"""Sparse products: the committed counts against goals and other libraries, the table, a model."""

import pytest
from project import ROOT

from schatten.device import llvm_mca
from schatten.device.instructions import CPUS
from schatten_bench import sparse_model, sparse_products
from schatten_bench.instruction_counts import Product, read_counts
from schatten_bench.kernel_table import SHAPE, instructions_per_mac


@pytest.fixture
def committed():
    return read_counts(ROOT / "arm/bench/instructions.csv")


def _ours(committed, key):
    kernels, columns, zeros = key
    return instructions_per_mac(committed, Product(kernels, *SHAPE, columns, zeros))


@pytest.mark.parametrize("key", sparse_products.GOALS)
def test_committed_counts_reach_the_goals(committed, key):
    assert _ours(committed, key) <= sparse_products.GOALS[key]


@pytest.mark.parametrize("key", sparse_products.PEERS)
def test_committed_counts_beat_other_libraries(committed, key):
    kernels, _, _ = key
    for name, value in sparse_products.PEERS[key].items():
        factor = 5 if name.startswith("TFLite") else 1.5 if kernels == "neon" else 1.7
        assert value > factor * _ours(committed, key), name


def test_the_table_has_ours_goals_and_others(committed):
    cycles = dict.fromkeys(
        (
            (cpu.name, kernels, n)
            for cpu in llvm_mca.CPUS
            for kernels, n in llvm_mca.SPARSE_LOOPS
            if kernels in cpu.kernels
        ),
        0.4,
    )
    said = sparse_products.markdown(committed, cycles).splitlines()
    whole, sparse = committed[Product("neon", *SHAPE, 1)], _ours(committed, ("neon", 1, 75))
    row = next(line for line in said if line.startswith("| neon, N=1 |"))
    ratio = whole / (SHAPE[0] * SHAPE[1]) / sparse
    assert f"{sparse:.4f} ({ratio:.2f}x) | 0.083 | Opus, blocks of 8x4 0.127" in row
    assert "| cortex-a53, neon | 0.1000 | 0.1000 | 0.1000 |" in said
    widths = {line.count("|") for line in said[: said.index("")]}
    assert len(widths) == 1


def test_a_pruned_model_takes_fewer_instructions(tmp_path, monkeypatch):
    """The counts are of the file that was pruned: emulation itself is replaced here."""
    counted = []

    def instructions(device, program, payload, audio, plugin):
        size = payload.bytes
        counted.append(size)
        return size * float(audio[0].stat().st_size)

    monkeypatch.setattr("schatten.device.instructions.instructions", instructions)
    found = sparse_model.count(tmp_path / "program", tmp_path / "plugin")
    assert [(one.zeros, one.cpu) for one in found] == [
        (zeros, cpu) for zeros in sparse_model.ZEROS for cpu in CPUS
    ]
    sizes = [one.bytes for one in found]
    assert sizes == sorted(sizes, reverse=True)
    assert found[0].bytes > 3 * found[4].bytes
    assert all(one.acoustic < one.engine for one in found)
