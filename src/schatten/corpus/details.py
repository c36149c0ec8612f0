"""What tables of a corpus say of its utterances beside their text: accents, devices, rooms."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from schatten.corpus.tables import table_cells
from schatten.corpus.utterance import Utterance
from schatten.errors import UserError
from schatten.letters import composed
from schatten.runtime.file_names import found
from schatten.runtime.files import write_jsonl

_IDS = ("id", "utt_id")
_SPEAKER = "speaker"
_NOT_DETAILS = (*_IDS, _SPEAKER, "path", "text", "split", "duration", "duration_s")
_SAYING_NOTHING = ("", "-")
"""Cells that say nothing."""


def with_details(
    utterances: Sequence[Utterance], names: Iterable[str], corpus_dir: Path
) -> list[Utterance]:
    """Add what tables say to the utterances, or to all utterances of a speaker.

    A table is tab-separated, with a header. The column `id` (or `utt_id`) or, without one,
    `speaker` says whom a line is about; every other column is a detail. Cells that are empty or
    `-` say nothing, and lines about nobody of the corpus are passed over.

    Errors: `UserError` for a missing or malformed table, one about nobody of the corpus, two lines
    about one, and a detail that stands twice.
    """
    joined = list(utterances)
    for name in names:
        joined = _joined(joined, found(corpus_dir, name))
    return joined


def _joined(utterances: Sequence[Utterance], path: Path) -> list[Utterance]:
    by_id, lines = _lines(path)
    keys = [composed(one.id if by_id else one.speaker) for one in utterances]
    if utterances and lines.keys().isdisjoint(keys):
        kind = "utterance" if by_id else "speaker"
        raise UserError(
            f"{path} names no {kind} of the corpus: write their {kind}s as its table does, or "
            "leave it out of corpus.details"
        )
    pairs = zip(utterances, (lines.get(key, {}) for key in keys), strict=True)
    return [replace(one, details=_both(one, more, path)) for one, more in pairs]


def _both(one: Utterance, more: dict[str, str], path: Path) -> tuple[tuple[str, str], ...]:
    before = dict(one.details)
    if twice := sorted(before.keys() & more.keys()):
        raise UserError(
            f"{path} has a column {twice[0]!r}, which is known of {one.id} already: rename it"
        )
    return (*one.details, *more.items())


def _lines(path: Path) -> tuple[bool, dict[str, dict[str, str]]]:
    """Return whether a table is about utterances, and the details by utterance or speaker."""
    header, rows = table_cells(path)
    key = next((name for name in (*_IDS, _SPEAKER) if name in header), None)
    if key is None:
        raise UserError(f"{path} has no column 'id' and no column 'speaker': name one of them so")
    if twice := sorted({name for name in header if header.count(name) > 1}):
        raise UserError(f"{path} has several columns {twice[0]!r}: rename all of them but one")
    lines: dict[str, dict[str, str]] = {}
    for number, cells in rows:
        row = dict(zip(header, cells, strict=True))
        name = composed(row[key])
        if name in lines:
            raise UserError(f"{path}, line {number} is the second one about {name}: keep one")
        lines[name] = {
            column: cell
            for column, cell in row.items()
            if column not in _NOT_DETAILS and cell not in _SAYING_NOTHING
        }
    return key != _SPEAKER, lines


def write_details(utterances: Sequence[Utterance], splits: Iterable[str], output: Path) -> None:
    """Write `{split}.conditions.jsonl.gz` of the splits: a line an utterance, sorted by id.

    Nothing is written where no utterance of the splits has details.
    """
    for split in splits:
        chosen = sorted((u for u in utterances if u.split == split), key=lambda u: u.id)
        if any(one.details for one in chosen):
            rows = ({"id": one.id, **dict(one.details)} for one in chosen)
            write_jsonl(output / f"{split}.conditions.jsonl.gz", rows)
