"""The source `several`: corpora of other sources, each made as if alone, then joined.

A part is made in `audio/NAME`. An utterance's record names its part (`custom.corpus`), and its id
begins with it. Cuts name made audio relative to the corpus's folder, recordings by their whole
path.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from schatten.corpus import from_source
from schatten.errors import UserError
from schatten.recipe import Recipe
from schatten.recipe.corpus import makes_audio
from schatten.recipe.several import Part, SeveralCorpora, part_of
from schatten.runtime.files import (
    read_json,
    read_jsonl,
    read_lines,
    write_json,
    write_jsonl,
    write_text,
)

FOLDER = "audio"
"""Below it each part has a folder."""


def make(recipe: Recipe, corpus_dir: Path | None, output: Path, jobs: int, tasks: int = 1) -> None:
    """Write the cuts and the text of all parts of a corpus together.

    Errors: `UserError` for a part that cannot be made, named by its part.
    """
    corpus = recipe.corpus
    assert isinstance(corpus, SeveralCorpora)
    folders = {name: output / FOLDER / name for name in corpus.parts}
    for name, part in corpus.parts.items():
        source = None if corpus_dir is None else corpus_dir / part.folder
        try:
            from_source(part_of(recipe, name), source, folders[name], jobs, tasks)
        except UserError as error:
            raise UserError(f"corpus.parts.{name}: {error}") from None
    for split in recipe.splits.all:
        rows = [
            row
            for name, part in corpus.parts.items()
            for row in _rows(folders[name], name, part, split, corpus_dir)
        ]
        rows.sort(key=lambda row: str(row["id"]))
        write_jsonl(output / f"{split}.cuts.jsonl.gz", rows)
        _join_conditions(folders, split, output)
    _join_text(corpus, recipe.splits.all, folders, output)


def _rows(
    folder: Path, name: str, part: Part, split: str, corpus_dir: Path | None
) -> list[dict[str, Any]]:
    """Return the cuts of a part's split as the joined corpus has them."""
    path = folder / f"{split}.cuts.jsonl.gz"
    if not path.is_file():
        return []
    base = Path(FOLDER, name)
    if not makes_audio(part.corpus):
        assert corpus_dir is not None, "the part was made from its folder"
        base = (corpus_dir / part.folder).absolute()
    return [_named(row, name, base) for row in read_jsonl(path)]


def _named(row: dict[str, Any], name: str, base: Path) -> dict[str, Any]:
    """Return a cut with the name of its part, and with its recording's path below `base`."""
    recording = row["recording"]
    recording["id"] = f"{name}-{recording['id']}"
    for source in recording["sources"]:
        source["source"] = (base / source["source"]).as_posix()
    for supervision in row["supervisions"]:
        supervision["id"] = f"{name}-{supervision['id']}"
        supervision["recording_id"] = recording["id"]
    custom = {**(row.get("custom") or {}), "corpus": name}
    if "copy_of" in custom:
        custom["copy_of"] = f"{name}-{custom['copy_of']}"
    return {**row, "id": f"{name}-{row['id']}", "custom": custom}


def _join_conditions(folders: dict[str, Path], split: str, output: Path) -> None:
    """Join what parts that made the speech say of its noise and rooms, if any part does."""
    name = f"{split}.conditions.jsonl.gz"
    found = {part: folder / name for part, folder in folders.items() if (folder / name).is_file()}
    if found:
        rows = [
            {**row, "id": f"{part}-{row['id']}"}
            for part, path in found.items()
            for row in read_jsonl(path)
        ]
        write_jsonl(output / name, sorted(rows, key=lambda row: str(row["id"])))


def _join_text(
    corpus: SeveralCorpora, splits: Sequence[str], folders: dict[str, Path], output: Path
) -> None:
    """Join text, counts of text and of what was left out.

    `corpus` has a part's text whole, or nothing of it where the part says `text: false`.
    """
    for text in ("corpus", *splits):
        read = [name for name, part in corpus.parts.items() if part.text or text != "corpus"]
        paths = [folders[name] / "text" / f"{text}.txt.gz" for name in read]
        lines = [line for path in paths if path.is_file() for line in read_lines(path)]
        write_text(output / "text" / f"{text}.txt.gz", "".join(f"{line}\n" for line in lines))
    summary = {
        f"{name}: {key}": value
        for name, folder in folders.items()
        for key, value in read_json(folder / "text/summary.json").items()
    }
    write_json(output / "text/summary.json", summary)
    notes: dict[str, Counter[str]] = {}
    left_out: Counter[str] = Counter()
    for folder in folders.values():
        if (path := folder / "text/notes.json").is_file():
            for kind, counts in read_json(path).items():
                notes.setdefault(kind, Counter()).update(counts)
        if (path := folder / "left_out.json").is_file():
            left_out.update(read_json(path))
    if notes:
        write_json(output / "text/notes.json", {k: dict(v) for k, v in notes.items()})
    if left_out:
        write_json(output / "left_out.json", dict(left_out))
