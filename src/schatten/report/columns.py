"""Columns: the description of what a table shows, shared by all output formats.

A column turns a row (of any type) into raw values for CSV and one text for people. This file
knows nothing of speech; `wer` and `cost` hold the columns of those tables.
"""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

R = TypeVar("R")
S = TypeVar("S")
Value = str | int | float | None
Values = tuple[Value, ...]


@dataclass(frozen=True)
class Column(Generic[R]):
    """One column of a table."""

    header: str | None
    """Title for people, with the unit; a column without a title is only in the CSV."""
    keys: tuple[str, ...]
    """Names of its columns in the CSV."""
    values: Callable[[R], Values]
    """Its values, one per key; None if there is none."""
    text: Callable[[Values], str]
    """Its values for people; called only if the first one is there."""
    digits: int = 4
    """Decimals of floats in the CSV."""
    over_seeds: Literal["same", "mean", "pooled", "nothing"] = "nothing"
    """What a summary of seeds shows: the value if all agree, mean and deviation, the value of the
    row that stands for all seeds, or nothing."""
    priority: int = 1
    """On a narrow terminal, columns with the highest number are left out first."""

    def of(self, row_of: Callable[[S], R]) -> "Column[S]":
        """Return the column for other rows, each of which has one of this column's."""
        return Column(
            self.header,
            self.keys,
            lambda row: self.values(row_of(row)),
            self.text,
            self.digits,
            self.over_seeds,
            self.priority,
        )

    @property
    def is_number(self) -> bool:
        """Whether it is aligned to the right."""
        return self.over_seeds == "mean"


def words(
    header: str | None, key: str, get: Callable[[R], str | int | None], priority: int = 1
) -> Column[R]:
    """Return a column of names, or of numbers that are names."""
    return Column(
        header,
        (key,),
        lambda row: (get(row),),
        lambda values: str(values[0]),
        over_seeds="same",
        priority=priority,
    )


def number(
    header: str | None,
    key: str,
    get: Callable[[R], float | None],
    *,
    digits: int = 2,
    scale: float = 1.0,
    signed: bool = False,
    priority: int = 1,
) -> Column[R]:
    """Return a column of measured numbers; people see them times `scale`, to `digits` decimals."""

    def text(values: Values) -> str:
        return rounded(_float(values[0]) * scale, digits, signed)

    return Column(
        header, (key,), lambda row: (get(row),), text, over_seeds="mean", priority=priority
    )


def interval(
    header: str,
    key: str,
    get: Callable[[R], tuple[float, float] | None],
    signed: bool = False,
) -> Column[R]:
    """Return a column of intervals, `[low, high]`."""

    def values(row: R) -> Values:
        return get(row) or (None, None)

    def text(ends: Values) -> str:
        return bracket(_float(ends[0]), _float(ends[1]), signed)

    return Column(header, (f"{key}_low", f"{key}_high"), values, text, over_seeds="pooled")


def bracket(low: float, high: float, signed: bool = False, digits: int = 2) -> str:
    """Write an interval, with a plus sign on positive ends where `signed`."""
    return f"[{rounded(low, digits, signed)}, {rounded(high, digits, signed)}]"


def percent(share: float) -> str:
    """Write a share of one as people do: 95 %."""
    return f"{100 * share:g} %"


def rounded(value: float, digits: int, signed: bool = False) -> str:
    """Write a number to `digits` decimals; zero has no minus."""
    return f"{round(value, digits) + 0.0:{'+' if signed else ''}.{digits}f}"


def _float(value: Value) -> float:
    assert isinstance(value, int | float)
    return value


@dataclass(frozen=True)
class Cell:
    """One column of one line."""

    values: Values
    text: str


Line = tuple[Cell, ...]


@dataclass(frozen=True)
class Table(Generic[R]):
    """Columns and lines, ready to be written."""

    title: str
    columns: tuple[Column[R], ...]
    lines: tuple[Line, ...]


def line(columns: Sequence[Column[R]], row: R) -> Line:
    """Return a row's cells."""
    return tuple(_cell(column, column.values(row)) for column in columns)


def _cell(column: Column[R], values: Values) -> Cell:
    return Cell(values, "" if values[0] is None else column.text(values))


def summary(
    columns: Sequence[Column[R]], rows: Sequence[R], key: str, pooled: R | None = None
) -> tuple[Line, Line]:
    """Return lines with the mean and the standard deviation (n - 1) over rows.

    The column named `key` says which of the two a line is. For people the first line shows both.
    All texts of the second line are empty, so it is not shown. `pooled`: the row that stands for
    all of them, with their common intervals and verdicts.
    """
    pairs = [_summary_cells(column, rows, key, pooled) for column in columns]
    return tuple(mean for mean, _ in pairs), tuple(deviation for _, deviation in pairs)


def _summary_cells(
    column: Column[R], rows: Sequence[R], key: str, pooled: R | None
) -> tuple[Cell, Cell]:
    if key in column.keys:
        return Cell(("mean",), "mean ± std"), Cell(("std",), "")
    if column.over_seeds == "pooled" and pooled is not None:
        return _cell(column, column.values(pooled)), Cell((None,) * len(column.keys), "")
    found = [column.values(row) for row in rows]
    if column.over_seeds == "mean":
        return _mean_and_deviation(column, [values[0] for values in found])
    agree = column.over_seeds == "same" and len(set(found)) == 1
    values = found[0] if agree else (None,) * len(column.keys)
    return _cell(column, values), Cell(values, "")


def _mean_and_deviation(column: Column[R], found: Sequence[Value]) -> tuple[Cell, Cell]:
    if any(value is None for value in found):
        return Cell((None,), ""), Cell((None,), "")
    numbers = [_float(value) for value in found]
    mean, deviation = statistics.fmean(numbers), statistics.stdev(numbers)
    text = column.text((mean,))
    if deviation:
        text += f" ± {column.text((deviation,)).lstrip('+')}"
    return Cell((mean,), text), Cell((deviation,), "")
