"""The source `librispeech`: folders of parts, as the archives of openslr.org/12 unpack.

lhotse's recipe of the corpus leaves out a transcript whose recording is missing, with a warning.
Here that is an error, as is a recording without a transcript.
"""

from collections.abc import Iterator
from pathlib import Path

from schatten.corpus.fingerprint import librispeech_transcripts
from schatten.corpus.recorded import write_corpus
from schatten.corpus.tables import table_lines
from schatten.corpus.utterance import Utterance
from schatten.errors import UserError
from schatten.recipe import Recipe
from schatten.recipe.corpus_sources import LibriSpeechCorpus

_AGAIN = "unpack the part's archive again"


def make(recipe: Recipe, corpus_dir: Path, output: Path, jobs: int) -> None:
    """Write the cuts and the text of the parts of each split.

    Errors: `UserError` for a missing part, a malformed line, recordings without a transcript and
    transcripts without a recording, unreadable recordings.
    """
    corpus = recipe.corpus
    assert isinstance(corpus, LibriSpeechCorpus)
    utterances = [
        utterance
        for split in recipe.splits_read
        for part in corpus.parts_of(split)
        for path in librispeech_transcripts(corpus_dir / part)
        for utterance in read_chapter(path, split, corpus_dir)
    ]
    write_corpus(recipe, utterances, corpus_dir, output=output, jobs=jobs)


def read_chapter(path: Path, split: str, corpus_dir: Path) -> Iterator[Utterance]:
    """Yield the utterances of a chapter, `READER-CHAPTER.trans.txt`; FLACs lie beside it.

    Errors: `UserError` for a line of another chapter or without a text, a name twice, and names
    that only transcripts or only recordings have.
    """
    chapter = path.name.removesuffix(".trans.txt")
    there = {recording.stem for recording in path.parent.glob("*.flac")}
    seen: set[str] = set()
    for number, line in enumerate(table_lines(path), start=1):
        if not line.strip():
            continue
        name, *text = line.split(maxsplit=1)
        if not name.startswith(f"{chapter}-") or not text:
            raise UserError(f"{path}, line {number} is not `{chapter}-NUMBER TEXT`: {_AGAIN}")
        if name in seen:
            raise UserError(f"{path}, line {number} names {name} a second time: {_AGAIN}")
        if name not in there:
            raise UserError(f"{path} names {name}, and {name}.flac is not beside it: {_AGAIN}")
        seen.add(name)
        yield Utterance(
            id=name,
            split=split,
            speaker=chapter.partition("-")[0],
            text=text[0],
            audio=path.with_name(f"{name}.flac").relative_to(corpus_dir).as_posix(),
        )
    if extra := sorted(there - seen):
        raise UserError(f"{path} has no line for {extra[0]}.flac beside it: {_AGAIN}")
