"""What the validator found, as one HTML page on which the utterances can be heard.

The page needs no other file and no network: sound stands in it as FLAC.
"""

import base64
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from pathlib import Path

import soundfile

from schatten.artifacts import TooLong, Validation
from schatten.audio.reading import read
from schatten.corpus.manifest import ManifestEntry, read_entries
from schatten.corpus.problems import Problem
from schatten.corpus.validate import audio_folder
from schatten.errors import UserError
from schatten.recipe import Recipe
from schatten.runtime import files, seals

Listed = Mapping[str, Sequence[Problem]]

LISTED = 20
"""Problems of a kind that the page has."""
HEARD = 60
"""Sounds of the whole page, dealt out evenly to its kinds: with `SECONDS`, some 20 MB."""
SECONDS = 15.0
"""Seconds of an utterance that can be heard, from its start."""
_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em }
h2 { font-size: 1.05em; margin-top: 2em }
table { border-collapse: collapse; width: 100% }
td { border-top: 1px solid #ccc; padding: .4em .8em .4em 0; vertical-align: top }
audio { height: 2em; width: 16em }
small { color: #555 }
@media (max-width: 40em) { td { display: block; border: 0; padding: 0 } tr { display: block; \
border-top: 1px solid #ccc; padding: .5em 0 } }
"""


def of_report(report: Validation, strides: Mapping[str, int]) -> dict[str, list[Problem]]:
    """Return what training and scoring pass over in a corpus that can be used, by kind.

    The report names the first utterances of each kind, and counts all.
    """
    found: dict[str, list[Problem]] = {}
    if report.silent_recordings:
        found["recordings are silent: copy them anew, or leave them out"] = [
            Problem(name, ()) for name in report.silent_recordings
        ]
    for split, short in (report.without_frames or {}).items():
        found[f"{short.utterances} utterances of {split} last less than 5 ms"] = _first(short)
    for model, stride in strides.items():
        for split, long in (report.too_long_for_ctc or {}).get(str(stride), {}).items():
            kind = (
                f"{long.utterances} utterances of {split} have more characters than {model} has "
                "output frames: is all of the text said in them?"
            )
            found[kind] = _first(long)
    return found


def _first(found: TooLong) -> list[Problem]:
    return [Problem(name, (name,)) for name in found.first]


def write(
    page: Path, problems: Listed, recipe: Recipe, data: Path, corpus_dir: Path | None
) -> bool:
    """Write the page; without a problem remove an older one. Return whether there is a page.

    `data`: the folder of the cuts.
    """
    if not problems:
        seals.forget(page)
        files.remove(page)
        return False
    parts = _sections(
        problems, _named(problems, recipe, data), audio_folder(recipe, data, corpus_dir)
    )
    files.write_text(page, _page(f"{recipe.title}: what the validator found", parts))
    return True


def _named(problems: Listed, recipe: Recipe, data: Path) -> dict[str, list[ManifestEntry]]:
    """Return the utterances of the page by id; of a large corpus no more than a split is held."""
    listed = (one for those in problems.values() for one in sorted(those)[:LISTED])
    names = {name for one in listed for name in one.utterances}
    found: dict[str, list[ManifestEntry]] = defaultdict(list)
    for split in recipe.splits.all:
        for entry in read_entries(data, (split,)):
            if entry.id in names:
                found[entry.id].append(entry)
    return found


def _page(title: str, parts: Iterable[str]) -> str:
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width">\n<title>{escape(title)}</title>\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n<h1>{escape(title)}</h1>\n"
        f"<p>At most {LISTED} of each kind are listed. At most {HEARD} utterances can be heard on "
        f"this page, the first {SECONDS:g} seconds of each.</p>\n"
        f"{''.join(parts)}</body>\n</html>\n"
    )


def _sections(
    problems: Listed, entries: Mapping[str, Sequence[ManifestEntry]], folder: Path
) -> Iterator[str]:
    heard = HEARD // len(problems)
    for kind, those in problems.items():
        listed = sorted(those)[:LISTED]
        rest = f" <small>({len(listed)} of {len(those)})</small>" if len(those) > LISTED else ""
        yield f"<h2>{len(those)} × {escape(kind)}{rest}</h2>\n<table>\n"
        left = heard
        for problem in listed:
            there = [entry for name in problem.utterances for entry in entries.get(name, ())]
            yield from _rows(problem, there, folder, left)
            left -= len(there)
        yield "</table>\n"


def _rows(
    problem: Problem, entries: Sequence[ManifestEntry], folder: Path, left: int
) -> Iterator[str]:
    """Yield a line for each utterance of a problem, the first `left` of them with sound."""
    yield f"<tr><td colspan=3><b>{escape(problem.name)}</b></td></tr>\n"
    for number, entry in enumerate(entries):
        sound = _sound(entry, folder) if number < left else "<small>not on this page</small>"
        place = f" from {entry.start:.2f} s" if entry.start else ""
        yield (
            f"<tr><td>{escape(entry.id)}<br><small>{escape(entry.split)}, {escape(entry.speaker)}"
            f'</small></td><td dir="auto">{escape(entry.text)}<br><small>{escape(entry.audio)}'
            f"{place}, {entry.duration:.2f} s</small></td><td>{sound}</td></tr>\n"
        )


def _sound(entry: ManifestEntry, folder: Path) -> str:
    """Return the element that plays an utterance, or says why it cannot be played."""
    rate = entry.audio_rate
    try:
        count = round(min(SECONDS, entry.duration) * rate)
        samples, rate = read(folder / entry.audio, round(entry.start * rate), count, "int16")
    except UserError as error:
        return f"<small>cannot be played: {escape(str(error))}</small>"
    if not len(samples):
        return "<small>has no sound</small>"
    flac = io.BytesIO()
    soundfile.write(flac, samples[:, 0], rate, format="FLAC")
    data = base64.b64encode(flac.getvalue()).decode()
    return f'<audio controls preload="metadata" src="data:audio/flac;base64,{data}"></audio>'
