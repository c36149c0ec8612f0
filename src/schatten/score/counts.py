"""Counts of each utterance, as a table, for intervals and paired comparisons."""

import csv
import io
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

from schatten.errors import UserError
from schatten.runtime.files import read_text, write_text
from schatten.score.alignment import Aligned


@dataclass(frozen=True)
class Counts:
    """Words, characters and errors of an utterance."""

    utterance: str
    speaker: str
    words: int
    substitutions: int
    deletions: int
    insertions: int
    chars: int
    char_errors: int

    @property
    def errors(self) -> int:
        """Word errors."""
        return self.substitutions + self.deletions + self.insertions


_COLUMNS = [field.name for field in fields(Counts)]


def count(aligned: Aligned) -> Counts:
    """Return the counts of an aligned utterance."""
    return Counts(
        aligned.reference.id,
        aligned.reference.speaker,
        aligned.words,
        aligned.substitutions,
        aligned.deletions,
        aligned.insertions,
        aligned.chars,
        aligned.char_errors,
    )


def write_counts(path: Path, counts: Sequence[Counts]) -> None:
    """Write a CSV with a header and one line per utterance."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(_COLUMNS)
    writer.writerows(astuple(each) for each in counts)
    write_text(path, buffer.getvalue())


def read_counts(path: Path) -> list[Counts]:
    """Read a file of `write_counts`; `UserError` for a damaged file or one of another kind."""
    try:
        header, *rows = csv.reader(io.StringIO(read_text(path)))
        if header != _COLUMNS:
            raise ValueError(f"columns {header}")
        return [Counts(row[0], row[1], *map(int, row[2:])) for row in rows]
    except (TypeError, ValueError) as error:
        raise UserError(f"{path} holds no counts of utterances ({error}): score again") from None
