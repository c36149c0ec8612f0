"""The tree of tied phones as a picture: a row for each leaf, a column for each question."""

from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from schatten.artifacts import PhoneTree
from schatten.runtime.files import atomic_output
from schatten.units.tree import walk

_ROW = 0.16
"""Inches of a leaf."""
_COLUMN = 1.7
"""Inches of a question."""


def draw(tree: PhoneTree, output: Path) -> None:
    """Draw a tree as SVG: yes above no, leaves with their tokens; equal trees give equal bytes."""
    nodes = list(walk(tree))
    rows: dict[int, float] = {}
    depth, leaf = max(depth for depth, _ in nodes), 0
    for place, (_, node) in enumerate(nodes):
        if node.unit is not None:
            rows[place], leaf = leaf, leaf + 1
    parts: dict[int, list[int]] = {}
    parents: list[int] = []
    for place, (level, _) in enumerate(nodes):
        del parents[level:]
        if parents:
            parts.setdefault(parents[-1], []).append(place)
        parents.append(place)
    for place in sorted(parts, reverse=True):
        rows[place] = sum(rows[part] for part in parts[place]) / 2
    with mpl.rc_context({"svg.hashsalt": "schatten", "svg.fonttype": "none"}):
        figure = Figure((_COLUMN * (depth + 2), _ROW * (leaf + 3)))
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(-0.3, depth + 1.7), ylim=(leaf + 1, -2))
        axes.axis("off")
        axes.text(0, -1, f"{leaf} tied phones of {tree.tokens} tokens; yes above, no below")
        for place, (level, node) in enumerate(nodes):
            asked = node.unit or f"{node.side} {node.question}?"
            root = f"{node.phone}: " if not level and node.unit is None else ""
            tokens = f" ({node.tokens})" if node.unit else ""
            axes.text(level, rows[place], f"{root}{asked}{tokens}", size=7, va="center")
            for part in parts.get(place, []):
                ends = (level + 0.9, level + 0.93, level + 0.97), (rows[place], *(rows[part],) * 2)
                axes.plot(*ends, color="0.6", linewidth=0.6)
        with atomic_output(output) as beside:
            figure.savefig(beside, format="svg", metadata={"Date": None})
