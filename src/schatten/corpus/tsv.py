"""The source `tsv`: a tab-separated table with a header and one line per utterance."""

import posixpath
from collections import Counter
from pathlib import Path

from schatten.corpus.recorded import write_corpus
from schatten.corpus.utterance import Utterance
from schatten.errors import UserError
from schatten.recipe import Recipe
from schatten.recipe.corpus import Column, TsvCorpus
from schatten.runtime.file_names import found
from schatten.runtime.files import read_lines

_ALIASES: dict[Column, tuple[str, ...]] = {
    "id": ("id", "utt_id"),
    "path": ("path",),
    "text": ("text",),
    "split": ("split",),
    "speaker": ("speaker",),
    "duration": ("duration", "duration_s"),
}
_OPTIONAL = ("speaker", "duration")


def make(recipe: Recipe, corpus_dir: Path, output: Path, jobs: int) -> None:
    """Write the cuts and the text of a table's utterances.

    Errors: `UserError` for a wrong table, missing or unreadable recordings, absent splits.
    """
    corpus = recipe.corpus
    assert isinstance(corpus, TsvCorpus)
    utterances = read_table(corpus, recipe.splits.all, corpus_dir)
    write_corpus(recipe, utterances, corpus_dir, output=output, jobs=jobs)


def read_table(corpus: TsvCorpus, splits: tuple[str, ...], corpus_dir: Path) -> list[Utterance]:
    """Read the utterances of the recipe's splits from the table; others are ignored.

    Without a speaker column every utterance has a speaker of its own.

    Errors: `UserError` for a missing column, a line with another number of columns, or a split
    without a line.
    """
    path = found(corpus_dir, corpus.manifest)
    lines = read_lines(path)
    header = lines[0].split("\t") if lines else []
    place = _columns(corpus, header, path)
    names = {corpus.split_names.get(split, split): split for split in splits}
    rows = []
    for number, line in enumerate(lines[1:], start=2):
        if line.strip():
            cells = line.split("\t")
            if len(cells) != len(header):
                raise UserError(
                    f"{path}, line {number} has {len(cells)} columns and the header "
                    f"{len(header)}: correct the line"
                )
            rows.append({name: cells[column].strip() for name, column in place.items()})
    _check_splits(names, Counter(row["split"] for row in rows), path)
    folder = posixpath.dirname(corpus.manifest)
    return [_utterance(row, names, folder, path) for row in rows if row["split"] in names]


def _utterance(row: dict[str, str], splits: dict[str, str], folder: str, path: Path) -> Utterance:
    try:
        seconds = float(row["duration"]) if "duration" in row else None
    except ValueError:
        raise UserError(
            f"{path} gives {row['id']} the duration {row['duration']!r}: write seconds"
        ) from None
    return Utterance(
        id=row["id"],
        split=splits[row["split"]],
        speaker=row.get("speaker") or row["id"],
        text=row["text"],
        audio=posixpath.join(folder, row["path"]),
        seconds=seconds,
    )


def _columns(corpus: TsvCorpus, header: list[str], path: Path) -> dict[str, int]:
    """Return the column number of each field."""
    place: dict[str, int] = {}
    for field, aliases in _ALIASES.items():
        named = corpus.columns.get(field)
        found = [name for name in ((named,) if named else aliases) if name in header]
        if found:
            place[field] = header.index(found[0])
        elif named or field not in _OPTIONAL:
            raise UserError(
                f"{path} has no column {named or aliases[0]!r} (it has {', '.join(header)}): "
                f"add it, or name the column in the recipe's corpus.columns.{field}"
            )
    return place


def _check_splits(names: dict[str, str], counts: Counter[str], path: Path) -> None:
    for name, split in names.items():
        if not counts[name]:
            there = ", ".join(sorted(counts)) or "none"
            raise UserError(
                f"{path} has no line of split {name!r} (it has {there}): add lines, or give the "
                f"table's name of it in the recipe's corpus.split_names.{split}"
            )
