"""Curves of trainings in a terminal: a line for each of several, three charts of one."""

from collections.abc import Sequence
from itertools import pairwise

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from schatten.report.curves import Curves, Series

BARS = "▁▂▃▄▅▆▇█"
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Bits of a braille cell, by row and column of its dots (Unicode, U+2800)."""
BRAILLE = 0x2800
SPARKS = 8
"""Cells of a small curve."""
HEIGHT = 9
"""Lines of a chart."""
LABELS = 9
"""Columns left of a chart, for the numbers of its axis."""


def show(trainings: Sequence[Curves], console: Console, *, over_steps: bool) -> None:
    """Print one training as charts, or several as a table with small curves."""
    if len(trainings) == 1:
        console.print(_charts(trainings[0], console.width, over_steps))
    else:
        console.print(_table(trainings))


def _table(trainings: Sequence[Curves]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("training", overflow="fold")
    for name in ("epochs", "train loss", "dev loss", "error rate, %", "best"):
        table.add_column(name, no_wrap=True)
    for one in trainings:
        errors = one.of_epochs("dev_cer")
        table.add_row(
            one.name,
            _how_far(one),
            _spark(one.train_loss()),
            _last(one.of_epochs("dev_loss")),
            _spark(errors),
            f"{min(value for _, value in errors):.2f}" if errors else "",
        )
    return table


def _how_far(one: Curves) -> str:
    done = len(one.epochs)
    return str(done) if one.planned is None else f"{done} of {one.planned}"


def _last(series: Series) -> str:
    return f"{series[-1][1]:.2f}" if series else ""


def _spark(series: Series) -> str:
    """Return a small curve, from the least to the largest value, and the last value."""
    if not series:
        return ""
    values = [value for _, value in series]
    count = min(SPARKS, len(values))
    edges = [len(values) * n // count for n in range(count + 1)]
    means = [sum(values[a:b]) / (b - a) for a, b in pairwise(edges)]
    low, span = min(means), (max(means) - min(means)) or 1.0
    bars = "".join(BARS[round((len(BARS) - 1) * (one - low) / span)] for one in means)
    return f"{bars:<{SPARKS}} {values[-1]:.2f}"


def _charts(one: Curves, width: int, over_steps: bool) -> Group:
    dev = one.of_epochs("dev_loss", over_steps=over_steps)
    said = "steps" if over_steps else "epochs"
    errors = one.of_epochs("dev_cer", over_steps=over_steps)
    head = Text(f"{one.name}: {_how_far(one)} epochs, {one.steps[-1] if one.epochs else 0} steps")
    parts: tuple[tuple[str, Series, Series], ...] = (
        ("loss of an utterance (o: on dev)", one.train_loss(over_steps=over_steps), dev),
        ("unit error rate on dev, greedy (%)", errors, errors),
        ("learning rate", one.learning_rate(over_steps=over_steps), []),
    )
    charts = [
        Text(f"{title}\n{chart(line, marks, width)}\n{'':{LABELS}}{said}")
        for title, line, marks in parts
        if line or marks
    ]
    return Group(head, *charts)


def chart(line: Series, marks: Series, width: int) -> str:
    """Draw a line in dots of braille, and marks as `o`, from zero to the largest value.

    The numbers of both axes stand at their ends. `width`: columns of all of it.
    """
    columns, every = max(8, width - LABELS), [*line, *marks]
    right, top = max(x for x, _ in every) or 1.0, max(y for _, y in every) or 1.0
    cells = [[0] * columns for _ in range(HEIGHT)]

    def place(x: float, y: float) -> tuple[int, int]:
        """Return column and row of a dot, the row from the top."""
        down = (4 * HEIGHT - 1) * (1 - max(0.0, y) / top)
        return round((2 * columns - 1) * x / right), round(down)

    places = [place(*one) for one in line]
    for (x, y), (to_x, to_y) in zip(places, places[1:] or places, strict=False):
        count = max(abs(to_x - x), abs(to_y - y), 1)
        for n in range(count + 1):
            at_x, at_y = x + (to_x - x) * n // count, y + (to_y - y) * n // count
            cells[at_y // 4][at_x // 2] |= _DOTS[at_y % 4][at_x % 2]
    drawn = [[chr(BRAILLE + bits) if bits else " " for bits in row] for row in cells]
    for x, y in (place(*one) for one in marks):
        drawn[y // 4][x // 2] = "o"
    rows = ["".join(row).rstrip() for row in drawn]
    numbers = {0: _short(top), HEIGHT - 1: "0"}
    sides = [f"{numbers.get(n, ''):>{LABELS - 2}} ┤{row}" for n, row in enumerate(rows)]
    ends = f"0{_short(right):>{columns - 1}}"
    return "\n".join(
        [*sides, f"{'':{LABELS - 1}}└{'─' * (columns - 1)}", f"{'':{LABELS - 1}}{ends}"]
    )


def _short(value: float) -> str:
    return f"{value:.4g}" if value >= 0.01 else f"{value:.1e}"
