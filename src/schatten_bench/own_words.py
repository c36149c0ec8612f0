"""What words at run time give and cost: contacts that no text held, and utterances without them."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from schatten.bundles import LEXICON
from schatten.decode.sound import write_sample
from schatten.device.devices import Device, Payload, recognise
from schatten.errors import UserError
from schatten.recipe import Recipe
from schatten.runtime.files import write_text
from schatten.score.alignment import align
from schatten.score.counts import count, write_counts
from schatten.score.paired import Difference, paired_difference
from schatten.transcripts import Utterance, read_references
from schatten.units import read_lexicon
from schatten.units.pronounce import Speller, words_file
from schatten_bench.contacts import Contacts, draw_contacts, speak

WORDS = "words.tsv"


@dataclass(frozen=True)
class Given:
    """A model with its search, and the split that has no contacts."""

    device: Device
    program: Path
    payload: Payload
    """A bundle, without words of its own."""
    speller: Speller
    cuts: Path
    audio: Path
    utterances: int
    """How many of the split are recognised, spread over it."""


@dataclass(frozen=True)
class Row:
    """Results with one boost."""

    boost: float | None
    """Natural log, of each contact's phrase and of its words; None without words."""
    found: float
    """Contacts that were recognised whole, in %."""
    mistaken: float
    """Utterances without a contact that got a word of one, in %."""
    wer: float
    """WER of these in %."""
    difference: Difference | None
    """Of it to the WER without words, in points; paired."""


def measure(
    recipe: Recipe,
    given: Given,
    contacts: int,
    boosts: Sequence[float],
    jobs: int,
    split: str,
) -> list[Row]:
    """Recognise contacts and a split without words, then with the contacts at each boost.

    Errors: `UserError` for a recipe whose grammar names nobody, a word that cannot be pronounced,
    or an engine that cannot be run.
    """
    known = {word for word, _ in read_lexicon(given.payload.files[LEXICON])}
    drawn = draw_contacts(recipe, known, contacts, split)
    with tempfile.TemporaryDirectory(prefix="schatten-") as name:
        folder = Path(name)
        calls = speak(recipe, drawn, folder, jobs, split)
        (folder / "split").mkdir()
        sample = write_sample(given.cuts, given.audio, given.utterances, folder / "split")
        references = {one.id: one for one in read_references(given.cuts)}
        others = [references[one] for one in sample]
        _require_no_contact(others, drawn)
        sounds = _Sounds(drawn, calls, others, list(sample.values()), folder)
        return [_row(given, sounds, known, boost) for boost in (None, *boosts)]


@dataclass(frozen=True)
class _Sounds:
    contacts: Contacts
    calls: list[Path]
    split: list[Utterance]
    others: list[Path]
    folder: Path


def _require_no_contact(split: Sequence[Utterance], contacts: Contacts) -> None:
    words = {word for name in contacts.names for word in name.split()}
    if held := next((one for one in split if words & set(one.words)), None):
        raise UserError(f"{held.id} of the split says a word of a contact: change the seed")


def _row(given: Given, sounds: _Sounds, known: set[str], boost: float | None) -> Row:
    payload = given.payload
    if boost is not None:
        path = sounds.folder / WORDS
        write_text(path, words_file(list(_entries(sounds.contacts)), given.speller, known, boost))
        files = {**payload.files, WORDS: path}
        payload = replace(payload, files=files, words=("--words", WORDS, *payload.words))
    calls = recognise(given.device, given.program, payload, sounds.calls).texts
    others = recognise(given.device, given.program, payload, sounds.others).texts
    named = [
        f" {name} " in f" {text} " for name, text in zip(sounds.contacts.names, calls, strict=True)
    ]
    words = {word for name in sounds.contacts.names for word in name.split()}
    mistaken = [bool(words & set(text.split())) for text in others]
    scored = [
        count(align(one, text.split())) for one, text in zip(sounds.split, others, strict=True)
    ]
    counts = sounds.folder / f"{'without' if boost is None else boost}.csv"
    write_counts(counts, scored)
    wer = 100 * sum(one.errors for one in scored) / max(1, sum(one.words for one in scored))
    difference = None
    if boost is not None:
        difference = paired_difference(sounds.folder / "without.csv", counts)
    return Row(boost, _percent(named), _percent(mistaken), wer, difference)


def _entries(contacts: Contacts) -> Iterator[str]:
    """Yield each contact's phrase, and its two words, as a user's contacts would be given."""
    for name in contacts.names:
        yield name
        yield from name.split()


def _percent(values: Sequence[bool]) -> float:
    return 100 * sum(values) / max(1, len(values))


def as_lines(rows: Sequence[Row]) -> list[str]:
    """Return the table for a terminal."""
    lines = ["boost  contacts  by mistake    WER  difference"]
    for row in rows:
        boost = "   no" if row.boost is None else f"{row.boost:5g}"
        line = f"{boost}  {row.found:6.1f} %  {row.mistaken:8.1f} %  {row.wer:5.2f}"
        if row.difference is not None:
            ends = [row.difference.by_utterance]
            ends += [row.difference.by_speaker] if row.difference.by_speaker else []
            low, high = min(one for one, _ in ends), max(one for _, one in ends)
            line += f"  {row.difference.points:+.2f} [{low:+.2f}, {high:+.2f}]"
        lines.append(line)
    return lines
