"""Reads what a user wrote: lines of tables and texts, and the names of files in them."""

from pathlib import Path

from schatten.errors import UserError
from schatten.runtime.files import read_lines


def is_file(path: Path) -> bool:
    """Tell whether a name in a table is that of a file; one that no file can have is not."""
    try:
        return path.is_file()
    except OSError:
        return False


def table_cells(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Return the header of a tab-separated table, and each line's number and cells, stripped.

    Errors: `UserError` as `table_lines`, for an empty table, and for a line with another number of
    columns.
    """
    lines = table_lines(path)
    if not lines:
        raise UserError(f"{path} is empty: write a header and a line for each utterance")
    header = [name.strip() for name in lines[0].split("\t")]
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        if line.strip():
            cells = [cell.strip() for cell in line.split("\t")]
            if len(cells) != len(header):
                raise UserError(
                    f"{path}, line {number} has {len(cells)} columns and the header "
                    f"{len(header)}: correct the line"
                )
            rows.append((number, cells))
    return header, rows


def table_lines(path: Path) -> list[str]:
    """Return the lines of a text file (`.gz` too), without line ends.

    Errors: `UserError` for a missing or unreadable file, a folder, and a file that is no text.
    """
    if path.is_dir():
        raise UserError(f"{path} is a folder, not a text file: correct the path or the recipe")
    lines = read_lines(path)
    for number, line in enumerate(lines, start=1):
        if "\0" in line:
            raise UserError(
                f"{path}, line {number} holds a NUL byte, so it is no text: write it anew as "
                "UTF-8 text"
            )
    return lines
