import csv
import io

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


def test_the_terminal_gets_aligned_lines_with_the_title_in_the_headings() -> None:
    second = Table("Split c", COLUMNS, (line(COLUMNS, ("l2", 12.5)),))
    assert render.to_terminal([TABLE, second], 60) == [
        "system, Split a_b  WER %",
        "------------------------",
        "trace_norm          7.12",
        "l2|b",
        "",
        "system, Split c    WER %",
        "------------------------",
        "l2                 12.50",
    ]


def test_a_narrow_terminal_drops_the_columns_of_the_highest_priority_number() -> None:
    table = Table("t", COLUMNS, TABLE.lines)
    assert render.to_terminal([table], 17)[2] == "trace_norm   7.12"
    assert render.to_terminal([table], 16)[2] == "trace_norm"


def test_a_long_name_has_a_line_of_its_own_and_is_not_cut() -> None:
    long = "a_name_that_is_longer_than_the_room_that_is_left"
    table = Table("t", COLUMNS, (*TABLE.lines, line(COLUMNS, (long, 1.0))))
    printed = render.to_terminal([table], 40)
    assert printed[2] == "trace_norm   7.12"
    assert printed[-2:] == [long, "             1.00"]
