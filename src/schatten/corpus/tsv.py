"""The source `tsv`: a tab-separated table with a header and one line per utterance."""

import math
import posixpath
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from schatten.corpus.recorded import write_corpus
from schatten.corpus.tables import table_cells
from schatten.corpus.utterance import Utterance
from schatten.errors import UserError
from schatten.recipe import Recipe
from schatten.recipe.corpus_sources import Column, TsvCorpus
from schatten.runtime.file_names import found

_ALIASES: dict[str, tuple[str, ...]] = {
    "id": ("id", "utt_id"),
    "path": ("path",),
    "text": ("text",),
    "split": ("split",),
    "speaker": ("speaker",),
    "duration": ("duration", "duration_s"),
}
_OPTIONAL = ("speaker", "duration")
_SHOWN = 200
"""Characters of a wrong header that a message shows."""


def make(recipe: Recipe, corpus_dir: Path, output: Path, jobs: int) -> None:
    """Write the cuts and the text of a table's utterances.

    Errors: `UserError` for a wrong table, missing or unreadable recordings, absent splits.
    """
    corpus = recipe.corpus
    assert isinstance(corpus, TsvCorpus)
    utterances = read_table(corpus, recipe.splits_read, corpus_dir)
    write_corpus(recipe, utterances, corpus_dir, output=output, jobs=jobs)


def read_table(corpus: TsvCorpus, splits: tuple[str, ...], corpus_dir: Path) -> list[Utterance]:
    """Read the utterances of the recipe's splits from the table; others are ignored.

    Without a speaker column every utterance has a speaker of its own.

    Errors: `UserError` for a missing column, a line with another number of columns, or a split
    without a line.
    """
    path = found(corpus_dir, corpus.manifest)
    place = Places(_ALIASES, _OPTIONAL, ("id", "path", "split"), corpus.columns)
    rows = read_rows(path, place)
    names = _split_names(corpus, splits)
    _check_splits(names, Counter(row["split"] for row in rows), path)
    folder = posixpath.dirname(corpus.manifest)
    return [_utterance(row, names, folder, path) for row in rows if row["split"] in names]


@dataclass(frozen=True)
class Places:
    """Where a table's fields stand: the names that their columns may have."""

    aliases: Mapping[str, tuple[str, ...]]
    """Of each field."""
    optional: Collection[str]
    """Fields whose column may be left out."""
    filled: Collection[str]
    """Fields that every line has to fill."""
    named: Mapping[Column, str] | None = None
    """What a recipe calls the columns of some fields; None: no recipe names any."""


def read_rows(path: Path, places: Places) -> list[dict[str, str]]:
    """Read a tab-separated table with a header: each line's cells, by field.

    Errors: `UserError` for a missing or double column, a line with another number of columns, or
    one without a cell that has to be filled.
    """
    header, lines = table_cells(path)
    place = _columns(places, header, path)
    rows = []
    for number, cells in lines:
        row = {name: cells[column] for name, column in place.items()}
        if empty := [name for name in places.filled if not row.get(name, name)]:
            raise UserError(f"{path}, line {number} has no {empty[0]}: write one")
        rows.append(row)
    return rows


def _utterance(row: dict[str, str], splits: dict[str, str], folder: str, path: Path) -> Utterance:
    seconds = _seconds(row["duration"]) if "duration" in row else None
    if seconds is not None and not 0 <= seconds < math.inf:
        raise UserError(f"{path} gives {row['id']} the duration {row['duration']!r}: write seconds")
    return Utterance(
        id=row["id"],
        split=splits[row["split"]],
        speaker=row.get("speaker") or row["id"],
        text=row["text"],
        audio=posixpath.join(folder, row["path"]),
        seconds=seconds,
    )


def _seconds(cell: str) -> float:
    """Return the number of a cell; NaN if it holds none."""
    try:
        return float(cell)
    except ValueError:
        return math.nan


def _split_names(corpus: TsvCorpus, splits: tuple[str, ...]) -> dict[str, str]:
    """Return the recipe's name of each of the table's splits."""
    names: dict[str, str] = {}
    for split in splits:
        name = corpus.split_names.get(split, split)
        if name in names:
            raise UserError(
                f"the recipe's corpus.split_names takes {names[name]} and {split} from one split "
                f"of the table, {name!r}: give each of them its own"
            )
        names[name] = split
    return names


def _columns(places: Places, header: list[str], path: Path) -> dict[str, int]:
    """Return the column number of each field."""
    place: dict[str, int] = {}
    for field, aliases in places.aliases.items():
        named = dict(places.named or {}).get(cast(Column, field))
        found = [name for name in ((named,) if named else aliases) if name in header]
        if found:
            place[field] = header.index(found[0])
            if header.count(found[0]) > 1:
                raise UserError(
                    f"{path} has several columns {found[0]!r}: rename all of them but one"
                )
        elif named or field not in places.optional:
            there = ", ".join(header)[:_SHOWN]
            fix = f"add it, or name the column in the recipe's corpus.columns.{field}"
            if places.named is None:
                fix = "add it, or rename the column"
            if len(header) == 1:
                fix = "its first line has no tab, write one between columns"
            raise UserError(f"{path} has no column {named or aliases[0]!r} (it has {there}): {fix}")
    return place


def _check_splits(names: dict[str, str], counts: Counter[str], path: Path) -> None:
    for name, split in names.items():
        if not counts[name]:
            there = ", ".join(sorted(counts)) or "none"
            raise UserError(
                f"{path} has no line of split {name!r} (it has {there}): add lines, or give the "
                f"table's name of it in the recipe's corpus.split_names.{split}"
            )
