"""The table of commands: acceptance by level of noise, beside published results."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from schatten.artifacts import Acceptance, AcceptedAtLevel
from schatten.corpus.tables import table_lines
from schatten.errors import UserError
from schatten.report.columns import Column, Table, bracket, line, number, words

CLEAN = "clean"


@dataclass(frozen=True)
class Row:
    """A system's acceptance on some speech."""

    system: str
    speech: str
    size: int | None
    """Bytes of the bundle."""
    by_level: dict[str, float]
    """Percent of the commands that are right."""
    counts: dict[str, AcceptedAtLevel]
    trained_on: str
    noise_interval: tuple[float, float] | None = None

    @property
    def mean(self) -> float | None:
        """Mean over the levels with noise."""
        found = [share for level, share in self.by_level.items() if level != CLEAN]
        return sum(found) / len(found) if found else None

    def wer(self, level: str) -> float | None:
        """Word error rate at a level, where words are known."""
        one = self.counts.get(level)
        return 100 * one.word_errors / one.words if one is not None and one.words else None


def row_of(system: str, found: Acceptance) -> Row:
    """Return the row of what was measured."""
    levels = {one.level: 100 * one.right / max(1, one.commands) for one in found.levels}
    counts = {one.level: one for one in found.levels}
    used = "yes" if found.trained_on else "no"
    speech = f"{found.speech}, {found.speakers} speakers"
    return Row(system, speech, found.bytes, levels, counts, used, found.noise_interval)


def rows_of(system: str, found: Acceptance) -> list[Row]:
    """Return the row of what was measured, and that of the split that is shown on its own."""
    some = [found] if found.apart is None else [found, found.apart]
    return [row_of(system, one) for one in some]


def published_rows(path: Path, speech: str) -> list[Row]:
    """Read results of others: a header `system` and levels, a share in percent in each cell.

    Errors: `UserError` with file and line for a cell that is no number.
    """
    lines = table_lines(path)
    header = lines[0].split("\t") if lines else []
    if header[:1] != ["system"]:
        raise UserError(f"{path}:1: the first column is `system`, the others are levels of noise")
    rows = []
    for number_, text in enumerate(lines[1:], 2):
        cells = text.split("\t")
        try:
            shares = [float(cell) for cell in cells[1:]]
            pairs = dict(zip(header[1:], shares, strict=True))
        except ValueError:
            raise UserError(f"{path}:{number_}: give a number for each of the levels") from None
        rows.append(Row(cells[0], speech, None, pairs, {}, "no"))
    return rows


def tables_of(ours: Sequence[Row], published: Sequence[Row]) -> list[Table[Row]]:
    """Return a table for each kind of speech, as its levels are others; published rows first."""
    kinds: dict[tuple[str, tuple[str, ...]], list[Row]] = {}
    for row in ours:
        kinds.setdefault((row.speech, tuple(row.by_level)), []).append(row)
    found = []
    for (_, levels), rows in kinds.items():
        same = [one for one in published if set(one.by_level) <= set(levels)]
        columns = _columns(levels)
        speech = rows[0].speech
        lines = tuple(line(columns, row) for row in [*same, *rows])
        found.append(Table(f"Command acceptance (%), {speech}", columns, lines))
    return found


def _columns(levels: Sequence[str]) -> tuple[Column[Row], ...]:
    return (
        words("system", "system", lambda row: row.system),
        *(_share(level) for level in levels),
        number("mean in noise", "mean", lambda row: row.mean, digits=1),
        words("95 % interval of that", "mean_interval", lambda row: _ends(row.noise_interval)),
        *(_wer(level) for level in levels[:1]),
        number("MB", "megabytes", lambda row: row.size, digits=3, scale=1e-6),
        words("trained on these", "trained_on", lambda row: row.trained_on),
    )


def _share(level: str) -> Column[Row]:
    return number(level, f"accepted_{level}", lambda row: row.by_level.get(level), digits=1)


def _ends(interval: tuple[float, float] | None) -> str:
    return "" if interval is None else bracket(*interval, digits=1)


def _wer(level: str) -> Column[Row]:
    return number(f"WER {level}", f"wer_{level}", lambda row: row.wer(level))


NOTES = [
    "A command is accepted if all of its slots are right and none is added; nothing is rejected. "
    "Slots are those of the grammar's sentence that is nearest to the words that were heard. "
    "Intervals draw speakers. Models in int8, in the engine. MB are 10^6 bytes, without the "
    "program.",
]
