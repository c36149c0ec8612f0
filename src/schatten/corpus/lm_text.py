"""Text for language models: the transcripts of each split, and `corpus`, what a model learns from.

`corpus` is the training transcripts and the corpus's text files, normalised. Dev and test
transcripts are never part of it.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from schatten.artifacts import TextCounts, TextNotes, write_by_name
from schatten.corpus.text import Normaliser
from schatten.runtime.files import remove, write_text


def write_lm_text(
    sentences: Mapping[str, list[str]],
    train: str,
    texts: Mapping[str, Iterable[str]],
    output: Path,
    normaliser: Normaliser,
) -> None:
    """Write `text/{split}.txt.gz`, `text/corpus.txt.gz`, and the counts in `text/summary.json`.

    `sentences` are normalised transcripts by split; `texts` are raw lines by the name of their
    source. Lines of `texts` with foreign characters are left out and counted. What the normaliser
    dropped goes to `text/notes.json`, where it dropped anything.
    """
    folder = output / "text"
    for split, lines in sentences.items():
        _write(folder / f"{split}.txt.gz", lines)
    corpus = [line for line in sentences.get(train, []) if line]
    summary = {}
    in_transcripts = dict(normaliser.notes)
    normaliser.notes.clear()
    for name, raw in texts.items():
        cleaned = list(normaliser.clean(raw))
        kept = [line for line in cleaned if line is not None]
        words = sum(len(line.split()) for line in kept)
        summary[name] = TextCounts(lines=len(kept), left_out=len(cleaned) - len(kept), words=words)
        corpus += kept
    _write(folder / "corpus.txt.gz", corpus)
    write_by_name(folder / "summary.json", summary)
    _write_notes(folder / "notes.json", in_transcripts, dict(normaliser.notes))


def _write_notes(path: Path, transcripts: dict[str, int], text_files: dict[str, int]) -> None:
    if transcripts or text_files:
        TextNotes(transcripts=transcripts, text_files=text_files).write(path)
    else:
        remove(path)


def _write(path: Path, lines: Iterable[str]) -> None:
    write_text(path, "".join(f"{line}\n" for line in lines))
