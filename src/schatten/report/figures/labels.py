"""Labels of points that hide neither points nor each other."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

SIZE = 6.5
"""Points, of the text."""
NEAR, FAR = 5.0, 61.0
"""Points between a label and its point: the nearest and the farthest that is tried."""
STEPS = 9
"""Distances that are tried."""
DOT = 4.0
"""Points around a marker that no label may touch."""
_SIDES = (
    (1.0, 0.0, "left", "center"),
    (-1.0, 0.0, "right", "center"),
    (0.7, 0.7, "left", "bottom"),
    (-0.7, 0.7, "right", "bottom"),
    (0.7, -0.7, "left", "top"),
    (-0.7, -0.7, "right", "top"),
    (0.0, 1.0, "center", "bottom"),
    (0.0, -1.0, "center", "top"),
)
"""Directions from a point to its label, the easiest to read first, and how its text is aligned."""


@dataclass(frozen=True)
class Label:
    """A text for a point of the axes, in the units of its data."""

    text: str
    at: tuple[float, float]


def place_labels(
    axes: Axes, labels: Sequence[Label], points: Sequence[tuple[float, float]]
) -> None:
    """Write each label near its point, where it covers no point, no other label, and no edge.

    `points`: all points that must stay visible. A label that fits nowhere is left out. The figure
    must have its final layout. From left to right, so that equal data give equal pictures.
    """
    figure = axes.get_figure()
    assert figure is not None, "axes that are drawn have a figure"
    scale = figure.dpi / 72
    low, high = sorted(axes.get_ylim())
    taken = [_around(axes.transData.transform(one), DOT * scale) for one in points]
    taken += [one.get_window_extent() for one in axes.texts]
    inside = axes.get_window_extent()
    for label in sorted(labels, key=lambda one: (one.at, one.text)):
        if low <= label.at[1] <= high and (box := _place(axes, label, taken, inside)) is not None:
            taken.append(box)


def _place(axes: Axes, label: Label, taken: Sequence[Bbox], inside: Bbox) -> Bbox | None:
    """Write a label at the first free place; return its box, None if there is no such place."""
    for step in range(STEPS):
        away = NEAR + step * (FAR - NEAR) / (STEPS - 1)
        for right, up, horizontal, vertical in _SIDES:
            text = axes.annotate(
                label.text,
                label.at,
                (right * away, up * away),
                textcoords="offset points",
                ha=horizontal,
                va=vertical,
                fontsize=SIZE,
                arrowprops={"arrowstyle": "-", "lw": 0.4, "color": "#888888", "shrinkB": 3}
                if step
                else None,
                zorder=4,
            )
            box = text.get_window_extent()
            is_free = not any(box.overlaps(other) for other in taken)
            if is_free and inside.contains(box.x0, box.y0) and inside.contains(box.x1, box.y1):
                return box
            text.remove()
    return None


def _around(place: Iterable[float], radius: float) -> Bbox:
    x, y = place
    return Bbox.from_extents(x - radius, y - radius, x + radius, y + radius)
