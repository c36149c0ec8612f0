"""The pipeline as a picture: SVG in the colours of the page."""

from collections.abc import Iterator, Sequence
from html import escape

from schatten.report.page.training import Box

_WIDTH, _HEIGHT = 132, 46
_GAP_X, _GAP_Y = 36, 18
_MARGIN = 4


def picture(boxes: Sequence[Box]) -> str:
    """Return boxes with lines from each to those that follow it, as an element of HTML."""
    width = _left(max(box.column for box in boxes)) + _WIDTH + _MARGIN
    height = _top(max(box.row for box in boxes)) + _HEIGHT + _MARGIN
    said = "; ".join(f"{one.title} {one.detail}".strip() for one in boxes)
    return "\n".join(
        [
            f'<svg class="pipeline" viewBox="0 0 {width:g} {height:g}" role="img" '
            f'style="max-width:{width:g}px" '
            f'aria-label="The pipeline, from left to right: {escape(said)}">',
            *(line for box in boxes for line in _lines(boxes, box)),
            *(part for box in boxes for part in _box(box)),
            "</svg>",
        ]
    )


def _left(column: float) -> float:
    return _MARGIN + column * (_WIDTH + _GAP_X)


def _top(row: float) -> float:
    return _MARGIN + row * (_HEIGHT + _GAP_Y)


def _lines(boxes: Sequence[Box], box: Box) -> Iterator[str]:
    x, y = _left(box.column), _top(box.row) + _HEIGHT / 2
    for before in box.after:
        first = boxes[before]
        from_x, from_y = _left(first.column) + _WIDTH, _top(first.row) + _HEIGHT / 2
        bend = x - _GAP_X / 2
        yield (
            f'<path class="edge" d="M{from_x:g},{from_y:g} H{bend - _GAP_X / 2:g} '
            f'C{bend:g},{from_y:g} {bend:g},{y:g} {x:g},{y:g}"/>'
        )


def _box(box: Box) -> Iterator[str]:
    x, y = _left(box.column), _top(box.row)
    yield f'<rect class="box" x="{x:g}" y="{y:g}" width="{_WIDTH}" height="{_HEIGHT}" rx="6"/>'
    middle = x + _WIDTH / 2
    title_y = y + (20 if box.detail else 28)
    yield f'<text x="{middle:g}" y="{title_y:g}">{escape(box.title)}</text>'
    if box.detail:
        detail = escape(_short(box.detail))
        yield f'<text class="detail" x="{middle:g}" y="{y + 36:g}">{detail}</text>'


def _short(text: str) -> str:
    """Return what fits a box."""
    return text if len(text) <= 22 else f"{text[:21]}…"
