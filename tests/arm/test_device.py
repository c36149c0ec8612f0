"""What is made of the kernels' counts and cycles: the table, the figure, the check of counts."""

import pytest
from project import ROOT

from schatten.device import bench, counts, figure, model, peers, tools
from schatten.device.counts import Product
from schatten.errors import UserError


@pytest.fixture
def committed():
    return counts.read(ROOT / "arm/bench/instructions.csv")


@pytest.fixture
def cycles():
    return {
        (cpu.name, kernels, n): 0.1 / n
        for cpu in model.CPUS
        for kernels in cpu.kernels
        for n in counts.COLUMNS
    }


def test_counts_survive_a_file(tmp_path, committed):
    counts.write(tmp_path / "counts.csv", committed)
    assert counts.read(tmp_path / "counts.csv") == committed


def test_a_damaged_file_is_named(tmp_path):
    damaged = tmp_path / "counts.csv"
    damaged.write_text("kernels,rows\nneon,many\n")
    with pytest.raises(UserError, match=r"counts\.csv"):
        counts.read(damaged)


def test_only_rises_above_one_percent_are_said():
    product, other = Product("neon", 8, 16, 1), Product("neon", 8, 16, 2)
    before = {product: 1000}
    assert counts.rises(before, {product: 1010}) == []
    assert counts.rises(before, {product: 1011}) == [
        "neon 8x16 N=1: 1011 instructions, 1.1% above 1000"
    ]
    assert "none committed" in counts.rises(before, {other: 1})[0]


@pytest.mark.parametrize("kernels", counts.KERNELS)
@pytest.mark.parametrize("shape", [shape for shape in counts.SHAPES if shape != (29, 1536)])
def test_committed_counts_reach_the_goals(committed, kernels, shape):
    """29 rows end in a part of a tile, and miss: docs/kernels.md says by how much."""
    reached = bench.ours(committed, kernels, shape)
    assert all(ours <= goal for ours, goal in zip(reached, peers.GOALS[kernels], strict=True))


def test_committed_counts_beat_every_peer(committed):
    for kernels, others in peers.INSTRUCTIONS.items():
        reached = bench.ours(committed, kernels, bench.SHAPE)
        for values in others.values():
            assert all(ours < theirs for ours, theirs in zip(reached, values, strict=True))


def test_bytes_count_the_filling_of_a_row():
    assert bench.bytes_per_mac(Product("neon", 7, 16, 1)) == 1
    assert bench.bytes_per_mac(Product("neon", 7, 17, 2)) == pytest.approx(32 / 17 / 2)


def test_the_table_gives_bandwidth_beside_cycles(tmp_path, committed, cycles):
    lines = bench.lines(committed, cycles)
    first = lines[0]
    assert first["shape"] == "6144x320"
    assert first["cortex-a53 cycles/MAC"] == "0.1000"
    assert first["cortex-a53 GB/s at 1.2 GHz"] == "12.0"
    dotprod = next(line for line in lines if line["kernels"] == "dotprod")
    assert dotprod["cortex-a53 cycles/MAC"] == ""
    bench.write_csv(tmp_path / "bench.csv", lines)
    assert len((tmp_path / "bench.csv").read_text().splitlines()) == len(committed) + 1


def test_the_table_names_the_peers_and_what_it_is(committed, cycles):
    said = bench.markdown(committed, cycles)
    assert "cycles modelled by llvm-mca, weights in cache" in said
    for others in peers.INSTRUCTIONS.values():
        assert all(name in said for name in others)


def test_figure_6_is_the_same_for_the_same_numbers(tmp_path, committed, cycles):
    for name in ("one.svg", "two.svg"):
        figure.draw(tmp_path / name, committed, cycles)
    drawn = (tmp_path / "one.svg").read_text()
    assert drawn == (tmp_path / "two.svg").read_text()
    assert "modelled, in cache" in drawn


def test_a_missing_tool_is_named_with_its_package(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="apt-get install qemu-user"):
        tools.run(["qemu-aarch64"])


def test_a_failing_tool_says_why(tmp_path):
    with pytest.raises(UserError, match="nothing-here"):
        tools.run(["ls", tmp_path / "nothing-here"])
