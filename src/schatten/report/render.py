"""Tables as Markdown, CSV, LaTeX, HTML and for the terminal. Other modules decide their content."""

import csv
import html
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from schatten.report.columns import Column, Line, Table, Value

_GAP = "  "
"""Between two columns on the terminal."""
_NARROWEST = 20
"""Characters of the first column for which others are left out: a system of a short name."""

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


def to_html(table: Table[Any]) -> str:
    """Write a table as an element of HTML that holds the raw values of every CSV column.

    A head's `data-keys` are the names of its columns in the CSV, and a cell's `data-raw` their
    values, both with a tab between. Columns without a title are hidden, and so are lines without
    text.
    """
    keep = {column.keys for column in shown(table)[0]}
    hidden = ["" if column.keys in keep else " hidden" for column in table.columns]
    kinds = [' class="number"' if column.is_number else "" for column in table.columns]
    heads = "".join(
        f'<th scope="col"{kind}{out} data-keys="{html.escape(chr(9).join(column.keys))}">'
        f"{html.escape(column.header or '')}</th>"
        for column, kind, out in zip(table.columns, kinds, hidden, strict=True)
    )
    rows = "".join(_html_row(table, line, kinds, hidden) for line in table.lines)
    caption = f"<caption>{html.escape(table.title)}</caption>"
    return f"<table>{caption}<thead><tr>{heads}</tr></thead><tbody>\n{rows}</tbody></table>\n"


_PAGE = """\
<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 1rem; }}
table {{ border-collapse: collapse; margin: 1rem 0; }}
caption {{ text-align: left; font-weight: 600; }}
th, td {{ border-bottom: 1px solid #8888; padding: 0.2rem 0.6rem; }}
th, td {{ text-align: left; white-space: nowrap; }}
.number {{ text-align: right; font-variant-numeric: tabular-nums; }}
li {{ max-width: 60rem; }}
</style>
<h1>{title}</h1>
{tables}<ul>
{notes}</ul>
</html>
"""


def to_page(tables: Sequence[Table[Any]], title: str, notes: Sequence[str]) -> str:
    """Write tables and the notes below them as a page of HTML."""
    said = "".join(f"<li>{html.escape(note)}</li>\n" for note in notes)
    shown_tables = "".join(map(to_html, tables))
    return _PAGE.format(title=html.escape(title), tables=shown_tables, notes=said)


def _html_row(table: Table[Any], line: Line, kinds: Sequence[str], hidden: Sequence[str]) -> str:
    cells = "".join(
        f"<td{kind}{out} data-raw="
        f'"{html.escape(chr(9).join(_raw(value, column.digits) for value in cell.values))}">'
        f"{html.escape(cell.text)}</td>"
        for column, cell, kind, out in zip(table.columns, line, kinds, hidden, strict=True)
    )
    return f"<tr{'' if _visible(line) else ' hidden'}>{cells}</tr>\n"


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


def to_terminal(tables: Sequence[Table[Any]], width: int) -> list[str]:
    """Lay tables of the same columns out as lines for a terminal of `width` characters.

    Each table begins with its headings, the title beside the first. Nothing is wrapped or cut: on
    a narrow terminal columns are left out, and a long first cell stands in a line of its own.
    """
    shared = [shown(table) for table in tables]
    columns = shared[0][0]
    heads = [[column.header or "" for column in columns] for _ in tables]
    for head, table in zip(heads, tables, strict=True):
        head[0] += f", {table.title}"
    rows = [row for _, lines in shared for row in lines]
    widths = [max(len(row[place]) for row in [*heads, *rows]) for place in range(len(columns))]
    keep = _fitting(columns, widths, width)
    room = width - sum(widths[place] + len(_GAP) for place in keep[1:])
    first = max((len(row[0]) for row in [*heads, *rows] if len(row[0]) <= room), default=0)
    layout = _Layout(columns, [first, *widths[1:]], keep)
    found: list[str] = []
    for head, (_, lines) in zip(heads, shared, strict=True):
        found += ["", *layout.lines(head), "-" * layout.width]
        found += [text for line in lines for text in layout.lines(line)]
    return found[1:]


@dataclass(frozen=True)
class _Layout:
    """Which columns a terminal shows, and how wide they are."""

    columns: Sequence[Column[Any]]
    widths: Sequence[int]
    keep: Sequence[int]

    @property
    def width(self) -> int:
        return sum(self.widths[place] for place in self.keep) + len(_GAP) * (len(self.keep) - 1)

    def lines(self, cells: Sequence[str]) -> list[str]:
        """Return the line of a row; two if its first cell does not fit its column."""
        above = [cells[0]] if len(cells[0]) > self.widths[0] else []
        texts = ["" if above and place == 0 else cells[place] for place in self.keep]
        aligned = [
            text.rjust(self.widths[place])
            if self.columns[place].is_number
            else text.ljust(self.widths[place])
            for place, text in zip(self.keep, texts, strict=True)
        ]
        return [*above, _GAP.join(aligned).rstrip()]


def _fitting(columns: Sequence[Column[Any]], widths: Sequence[int], width: int) -> list[int]:
    """Drop the columns of the highest priority number, the last first, until the rest fits.

    The first column fits if it has `_NARROWEST` characters: longer cells get a line of their own.
    """
    needed = [min(widths[0], _NARROWEST), *widths[1:]]
    keep = list(range(len(columns)))
    while len(keep) > 1 and sum(needed[p] for p in keep) + len(_GAP) * (len(keep) - 1) > width:
        keep.remove(max(keep[1:], key=lambda place: (columns[place].priority, place)))
    return keep
