import csv
import io

from rich.console import Console

from schatten.report import render
from schatten.report.columns import Column, Table, line, number, words

Measurement = tuple[str, float | None]
COLUMNS: tuple[Column[Measurement], ...] = (
    words("system", "system", lambda row: row[0]),
    words(None, "split", lambda row: "test"),
    number("WER %", "wer", lambda row: row[1], priority=2),
    number("nothing", "nothing", lambda row: None, priority=3),
)
ROWS: tuple[Measurement, ...] = (("trace_norm", 7.125), ("l2|b", None))
TABLE = Table("Split a_b", COLUMNS, tuple(line(COLUMNS, row) for row in ROWS))


def test_csv_has_every_column_and_one_header() -> None:
    rows = list(csv.reader(io.StringIO(render.to_csv([TABLE, TABLE]))))
    assert rows[0] == ["system", "split", "wer", "nothing"]
    assert rows[1:] == 2 * [["trace_norm", "test", "7.125", ""], ["l2|b", "test", "", ""]]


def test_csv_floats_are_rounded_without_a_negative_zero() -> None:
    column: Column[float] = number("x", "x", lambda row: row)
    lines = tuple(line((column,), value) for value in (1 / 3, -1e-9))
    assert render.to_csv([Table("t", (column,), lines)]) == "x\n0.3333\n0.0\n"


def test_markdown_has_aligned_columns_and_leaves_empty_ones_out() -> None:
    text = render.to_markdown([TABLE], "T", ["a_note"])
    assert text.splitlines() == [
        "# T",
        "",
        "## Split a_b",
        "",
        "| system      | WER % |",
        "| ----------- | ----: |",
        "| trace\\_norm | 7.12  |",
        "| l2\\|b       |       |",
        "",
        "- a\\_note",
    ]


def test_latex_escapes_what_tex_would_read() -> None:
    text = render.to_latex([TABLE, TABLE], "λ & co", ["50 % of a_b"])
    assert r"\caption{$\lambda$ \& co: Split a\_b. 50 \% of a\_b}" in text
    assert text.count("50 ") == 1, "notes stand under the first table"
    assert "system & WER \\% \\\\\n\\midrule\ntrace\\_norm & 7.12 \\\\" in text
    assert r"\begin{tabular}{lr}" in text


def test_a_narrow_terminal_drops_the_columns_of_the_highest_priority_number() -> None:
    wide, narrow = _printed(60), _printed(16)
    assert "WER" in wide and "7.12" in wide
    assert "WER" not in narrow and "trace_norm" in narrow
    assert all(len(text) <= 16 for text in narrow.splitlines())


def _printed(width: int) -> str:
    console = Console(width=width, file=io.StringIO())
    console.print(render.to_terminal(TABLE, width))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()
