"""Figure 6: the kernels beside others at the shape of the trace norm paper (Kliegl et al., 2018).

Modelled and in cache, and titled so.
"""

from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import StrMethodFormatter

from schatten.device.llvm_mca import Cycles
from schatten.runtime import files
from schatten_bench import kernel_table, other_libraries
from schatten_bench.instruction_counts import COLUMNS, Counts, Product

CPU = "cortex-a53"
CHOSEN = ("gemmlowp", "farm", "ruy", "XNNPACK, best of all")
COLOURS = dict(zip((*CHOSEN, "schatten"), ("0.8", "0.65", "0.5", "0.35", "tab:blue"), strict=True))


def draw_figure6(path: Path, measured: Counts, cycles: Cycles) -> None:
    """Draw instructions and modelled cycles per MAC at N = 1..4 for 8-bit weights on ARMv8.0."""
    rows, cols = kernel_table.SHAPE
    ours = [
        kernel_table.instructions_per_mac(measured, Product("neon", rows, cols, n)) for n in COLUMNS
    ]
    modelled = [cycles[CPU, "neon", n] for n in COLUMNS]
    figure = Figure(figsize=(10, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    figure.suptitle(
        f"{rows}x{cols} 8-bit weights times {cols}xN, NEON (ARMv8.0): modelled, in cache"
    )
    _bars(left, other_libraries.INSTRUCTIONS["neon"], ours, "instructions per MAC (exact)")
    _bars(right, other_libraries.CYCLES[CPU, "neon"], modelled, f"modelled cycles per MAC, {CPU}")
    fixed = matplotlib.rc_context({"svg.hashsalt": "schatten"})
    with fixed, files.atomic_output(path) as beside:
        figure.savefig(beside, dpi=150, metadata=_no_date(path))


def _bars(
    axes: Axes, others: dict[str, other_libraries.ByColumns], ours: list[float], label: str
) -> None:
    """Draw a group of bars for each N on a logarithmic scale, ours last."""
    series = {name: list(others[name]) for name in CHOSEN if name in others} | {"schatten": ours}
    width = 0.84 / len(series)
    for i, (name, values) in enumerate(series.items()):
        places = [n - 0.42 + width * (i + 0.5) for n in COLUMNS]
        bars = axes.bar(places, values, width, label=name, color=COLOURS[name])
        axes.bar_label(bars, fmt="%.2f", fontsize=5.5)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    axes.yaxis.set_minor_formatter(StrMethodFormatter("{x:g}"))
    axes.set_xticks(COLUMNS)
    axes.set_xlabel("N (frames at once)")
    axes.set_ylabel(label)
    axes.legend(fontsize=8)


def _no_date(path: Path) -> dict[str, None]:
    """Leave the date out, so that the same numbers give the same bytes."""
    return {"Date": None} if path.suffix == ".svg" else {"Software": None}
