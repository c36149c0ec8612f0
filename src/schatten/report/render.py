"""Tables as Markdown, CSV, LaTeX and for the terminal. Other modules decide their content."""

import csv
import io
from collections.abc import Sequence
from typing import Any

import rich.box
import rich.table

from schatten.report.columns import Column, Line, Table, Value

_PADDING = 3
"""Characters between two columns on the terminal."""

LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "λ": r"$\lambda$",
    "±": r"$\pm$",
    "×": r"$\times$",
    "½": r"$\frac{1}{2}$",
    "‖": r"$\|$",
    "²": r"$^2$",
    "−": "$-$",
    "–": "--",
}


def to_csv(tables: Sequence[Table[Any]]) -> str:
    """Write tables of the same columns below one header, with raw values; ends of lines are LF."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow([key for column in tables[0].columns for key in column.keys])
    for table in tables:
        for line in table.lines:
            pairs = zip(table.columns, line, strict=True)
            writer.writerow([_raw(value, c.digits) for c, cell in pairs for value in cell.values])
    return buffer.getvalue()


def _raw(value: Value, digits: int) -> str:
    if value is None:
        return ""
    return repr(round(value, digits) + 0.0) if isinstance(value, float) else str(value)


def shown(table: Table[Any]) -> tuple[list[Column[Any]], list[list[str]]]:
    """Return the columns for people, without empty ones, and the text of each line."""
    keep = [
        place
        for place, column in enumerate(table.columns)
        if column.header is not None and any(line[place].text for line in table.lines)
    ]
    lines = [line for line in table.lines if _visible(line)]
    return [table.columns[p] for p in keep], [[line[p].text for p in keep] for line in lines]


def _visible(line: Line) -> bool:
    return any(cell.text for cell in line)


def to_markdown(tables: Sequence[Table[Any]], title: str, notes: Sequence[str]) -> str:
    """Write one section for each table, and the notes below."""
    parts = [f"# {title}"]
    for table in tables:
        parts.append(f"## {table.title}")
        parts.append(_markdown(table))
    parts.append("\n".join(f"- {_escape_markdown(note)}" for note in notes))
    return "\n\n".join(parts) + "\n"


def _markdown(table: Table[Any]) -> str:
    columns, lines = shown(table)
    rows = [[_escape_markdown(column.header or "") for column in columns]]
    rows += [[_escape_markdown(text) for text in line] for line in lines]
    widths = [max(3, *(len(row[place]) for row in rows)) for place in range(len(columns))]
    padded = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in rows]
    rule = "| " + " | ".join(map(_rule, columns, widths)) + " |"
    return "\n".join([padded[0], rule, *padded[1:]])


def _rule(column: Column[Any], width: int) -> str:
    return "-" * (width - 1) + (":" if column.is_number else "-")


def _escape_markdown(text: str) -> str:
    return text.replace("|", "\\|").replace("_", "\\_").replace("*", "\\*")


def to_latex(tables: Sequence[Table[Any]], title: str, notes: Sequence[str]) -> str:
    """Write one `table*` for each section, for booktabs and graphicx; the first has the notes."""
    captions = [[f"{title}: {table.title}."] for table in tables]
    captions[0] += notes
    return "\n".join(map(_latex, tables, captions))


def _latex(table: Table[Any], captions: Sequence[str]) -> str:
    columns, lines = shown(table)
    heads = " & ".join(_escape_latex(column.header or "") for column in columns)
    body = [" & ".join(map(_escape_latex, line)) + r" \\" for line in lines]
    alignment = "".join("r" if column.is_number else "l" for column in columns)
    caption = _escape_latex(" ".join(captions))
    return "\n".join(
        [
            "% needs booktabs and graphicx",
            r"\begin{table*}",
            rf"\caption{{{caption}}}",
            r"\resizebox{\textwidth}{!}{%",
            rf"\begin{{tabular}}{{{alignment}}}",
            r"\toprule",
            heads + r" \\",
            r"\midrule",
            *body,
            r"\bottomrule",
            r"\end{tabular}}",
            r"\end{table*}",
            "",
        ]
    )


def _escape_latex(text: str) -> str:
    return "".join(LATEX.get(character, character) for character in text)


def to_terminal(table: Table[Any], width: int) -> rich.table.Table:
    """Lay a table out for a terminal of `width` characters, leaving out what does not fit."""
    columns, lines = _fitting(*shown(table), width)
    grid = rich.table.Table(title=table.title, box=rich.box.SIMPLE_HEAD, title_justify="left")
    for column in columns:
        grid.add_column(column.header or "", justify="right" if column.is_number else "left")
    for line in lines:
        grid.add_row(*line)
    return grid


def _fitting(
    columns: list[Column[Any]], lines: list[list[str]], width: int
) -> tuple[list[Column[Any]], list[list[str]]]:
    """Drop the columns of the highest priority number, the last first, until the rest fits."""
    keep = list(range(len(columns)))
    needed = [_width(column, [line[p] for line in lines]) for p, column in enumerate(columns)]
    while len(keep) > 1 and sum(needed[place] for place in keep) > width:
        keep.remove(max(keep, key=lambda place: (columns[place].priority, place)))
    return [columns[p] for p in keep], [[line[p] for p in keep] for line in lines]


def _width(column: Column[Any], texts: list[str]) -> int:
    """Return the narrowest a column can be: cells in one line, the header folded at spaces."""
    parts = [*texts, *(column.header or "").split()]
    return max(map(len, parts)) + _PADDING
