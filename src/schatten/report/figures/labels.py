"""Labels of points that hide neither points nor each other."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.transforms import Bbox

SIZE = 6.5
"""Points, of the text."""
NEAR, FAR = 5.0, 110.0
"""Points between a label and its point: the nearest and the farthest that is tried."""
STEPS = 16
"""Distances that are tried."""
DOT = 4.0
"""Points around a marker that no label may touch."""
ANGLES = (0, 180, 45, 135, 315, 225, 90, 270, 22, 158, 338, 202, 68, 112, 292, 248)
"""Degrees from a point to its label, the easiest to read first."""
_ASIDE = 0.38
"""Sine or cosine of an angle below which a label is centred."""


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
    scale = axes.figure.dpi / 72
    low, high = sorted(axes.get_ylim())
    taken = [_around(axes.transData.transform(one), DOT * scale) for one in points]
    taken += [one.get_window_extent() for one in axes.texts]
    inside = axes.get_window_extent()
    for label in sorted(labels, key=lambda one: (one.at, one.text)):
        if low <= label.at[1] <= high and (box := _place(axes, label, taken, inside)) is not None:
            taken.append(box)


def _place(axes: Axes, label: Label, taken: Sequence[Bbox], inside: Bbox) -> Bbox | None:
    """Write a label at the first free place; return its box, None if there is no such place."""
    text = axes.annotate(
        label.text, label.at, (0, 0), textcoords="offset points", fontsize=SIZE, zorder=4
    )
    size = text.get_window_extent()
    text.remove()
    x, y = axes.transData.transform(label.at)
    scale = axes.figure.dpi / 72
    for step in range(STEPS):
        away = NEAR + step * (FAR - NEAR) / (STEPS - 1)
        for angle in ANGLES:
            right, up = math.cos(math.radians(angle)), math.sin(math.radians(angle))
            shift = away * right - _before(right) * size.width / scale
            rise = away * up - _before(up) * size.height / scale
            left, bottom = x + shift * scale, y + rise * scale
            box = Bbox.from_bounds(left, bottom, size.width, size.height)
            is_inside = inside.contains(box.x0, box.y0) and inside.contains(box.x1, box.y1)
            if is_inside and not any(box.overlaps(other) for other in taken):
                axes.annotate(
                    label.text,
                    label.at,
                    (shift, rise),
                    textcoords="offset points",
                    va="bottom",
                    fontsize=SIZE,
                    arrowprops=_LINE if step else None,
                    zorder=4,
                )
                return box
    return None


_LINE = {"arrowstyle": "-", "lw": 0.4, "color": "#888888", "shrinkB": 3, "relpos": (0.5, 0.5)}
"""The line from a label that is not beside its point."""


def _before(direction: float) -> float:
    """Return the share of a label's width, or height, that lies before the place it is put at."""
    return 0.5 if abs(direction) < _ASIDE else 0.0 if direction > 0 else 1.0


def _around(place: Iterable[float], radius: float) -> Bbox:
    x, y = place
    return Bbox.from_extents(x - radius, y - radius, x + radius, y + radius)
