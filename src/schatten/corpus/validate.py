"""The validator: checks every utterance of a corpus before anything is trained.

Errors stop the run. Faults that training can handle (utterances too long for CTC, silent
recordings) are counted and named in the report.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from schatten.artifacts import (
    SpeechCopies,
    SplitSize,
    TextCounts,
    TextNotes,
    TooLong,
    Validation,
    read_by_name,
)
from schatten.audio.faults import MISSING, Fault
from schatten.audio.reading import TOLERANCE, DecodedAudio, decode, look_at
from schatten.corpus.manifest import ManifestEntry, read_entries
from schatten.corpus.problems import Problems
from schatten.corpus.text import Normaliser
from schatten.corpus.text_checks import check_texts
from schatten.corpus.unspaced import characters_per_word, seems_unspaced
from schatten.corpus.utterance import SAMPLING_RATE
from schatten.errors import UserError
from schatten.recipe import Recipe
from schatten.recipe.corpus import makes_audio
from schatten.recipe.voicesearch import VoiceSearchCorpus
from schatten.runtime.files import read_json, read_lines
from schatten.units import characters

_FRAME = 160
_STRIDES = 64
"""Strides in the report, in feature frames."""
NAMED = 5
"""Number of utterances of a kind that a report names; it counts them all."""


def validate(recipe: Recipe, data: Path, corpus_dir: Path | None, jobs: int = 1) -> Validation:
    """Check the cuts and text in the folder `data` and return the report.

    The report holds hours, utterances, words, speakers and rates by split. It also has the counts
    of the text files and of utterances that the source left out, the overlap of the language model
    text, and the utterances that training leaves out at each stride.

    Errors: `UserError` that lists the faults by kind, with counts and names.
    """
    entries = read_entries(data, recipe.splits.all)
    problems = Problems()
    check_texts(entries, Normaliser(recipe.text), problems)
    _check_names(entries, recipe, problems)
    decoded = look_at(
        (entry.audio for entry in entries), audio_folder(recipe, data, corpus_dir), decode, jobs
    )
    _check_audio(entries, decoded, recipe, problems)
    overlap = lm_overlap(entries, recipe, data)
    corpus = recipe.corpus
    if isinstance(corpus, VoiceSearchCorpus) and corpus.sentences == "apart":
        kind = "dev and test queries stand in the language model text: change the seed"
        for name in (name for names in overlap.values() for name in names):
            problems.add(kind, name, [name])
    problems.raise_if_any(f"the corpus in {data}")
    texts, left_out = data / "text" / "summary.json", data / "left_out.json"
    notes = data / "text" / "notes.json"
    odd: dict[str, Any] = {
        "without_frames": without_frames(entries, recipe),
        "characters_per_word": unspaced(entries, recipe.splits.all),
        "corpora": _by_corpus(entries, recipe.splits.all),
        "text_notes": TextNotes.read(notes) if notes.is_file() else None,
    }
    return Validation(
        **{name: found for name, found in odd.items() if found},
        splits={split: _summary(entries, split) for split in recipe.splits.all},
        text_files=read_by_name(texts, TextCounts) if texts.is_file() else {},
        left_out=read_json(left_out) if left_out.is_file() else {},
        transcripts_in_lm_text={split: len(names) for split, names in overlap.items()},
        silent_recordings=sorted(name for name, look in decoded.items() if _is_silent(look)),
        too_long_for_ctc=too_long(entries, recipe, _as_characters(recipe)),
    )


def too_long(
    entries: Sequence[ManifestEntry], recipe: Recipe, frames_needed: Callable[[str], int]
) -> dict[str, dict[str, TooLong]]:
    """Return by stride and split which utterances have more labels than there are output frames.

    Returns the number and the first names for every stride from 1 to 64, so that the report does
    not depend on the models. Training utterances are checked at their fastest speed perturbation.
    `frames_needed`: the fewest output frames that hold a text in some units.
    """
    longest = []
    for entry in entries:
        limit = longest_stride(_fewest_frames(entry, recipe), frames_needed(entry.text))
        longest.append((entry, limit))
    found: dict[str, dict[str, TooLong]] = {}
    for stride in range(1, _STRIDES + 1):
        names = defaultdict(list)
        for entry, limit in longest:
            if limit < stride:
                names[entry.split].append(entry.id)
        if names:
            found[str(stride)] = _counted(names)
    return found


def without_frames(entries: Sequence[ManifestEntry], recipe: Recipe) -> dict[str, TooLong]:
    """Return by split the utterances that are shorter than half a frame shift.

    Training leaves them out. In scored splits nothing is heard in them, so that their words count
    as deletions.
    """
    names = defaultdict(list)
    for entry in entries:
        if not _fewest_frames(entry, recipe):
            names[entry.split].append(entry.id)
    return _counted(names)


def unspaced(entries: Sequence[ManifestEntry], splits: Iterable[str]) -> dict[str, float]:
    """Return the characters of a word, on average, by split that seems written without spaces."""
    found = {}
    for split in splits:
        texts = [entry.text for entry in entries if entry.split == split]
        if seems_unspaced(texts):
            found[split] = round(characters_per_word(texts), 1)
    return found


def _fewest_frames(entry: ManifestEntry, recipe: Recipe) -> int:
    """Return the frames of an utterance, those of training at their fastest perturbation."""
    speed = max(recipe.speed_perturbation) if entry.split == recipe.splits.train else 1.0
    return int(entry.duration * SAMPLING_RATE / speed / _FRAME + 0.5)


def _counted(names: Mapping[str, list[str]]) -> dict[str, TooLong]:
    return {
        split: TooLong(utterances=len(those), first=those[:NAMED]) for split, those in names.items()
    }


def _as_characters(recipe: Recipe) -> Callable[[str], int]:
    units = characters(recipe.text.alphabet)
    return lambda text: units.frames_needed(units.encode(text))


def longest_stride(frames: int, labels: int) -> int:
    """Return the largest stride whose ceil(frames / stride) output frames are enough for CTC.

    A frame is 10 ms. At most 64; 0 where no stride is small enough.
    """
    if labels <= 1:
        return _STRIDES if frames >= labels else 0
    return min(_STRIDES, max(0, frames - 1) // (labels - 1))


def lm_overlap(
    entries: Sequence[ManifestEntry], recipe: Recipe, data: Path
) -> dict[str, list[str]]:
    """Return by split the scored utterances whose whole text is a line of the LM text."""
    texts = {entry.text for entry in entries if entry.split in recipe.splits.scored}
    seen = texts.intersection(read_lines(data / "text" / "corpus.txt.gz"))
    return {
        split: [entry.id for entry in entries if entry.split == split and entry.text in seen]
        for split in recipe.splits.scored
    }


def audio_folder(recipe: Recipe, data: Path, corpus_dir: Path | None) -> Path:
    """Return the folder that recordings are named relative to; `UserError` if it is not given."""
    if makes_audio(recipe.corpus):
        return data
    if corpus_dir is None:
        raise UserError(f"{recipe.title!r} has recordings: give their folder with --corpus-dir")
    return corpus_dir


def _check_names(entries: Sequence[ManifestEntry], recipe: Recipe, problems: Problems) -> None:
    counts = Counter(entry.id for entry in entries)
    for name, count in counts.items():
        if count > 1:
            problems.add(
                "utterance ids occur more than once: give each utterance an id of its own",
                f"{name} ({count} times)",
                [name],
            )
    corpus = recipe.corpus
    if getattr(corpus, "shared_speakers", "refused") == "allowed":
        return
    splits: dict[str, dict[str, str]] = defaultdict(dict)
    """The first utterance of each speaker in each split: whether they are one person is heard."""
    for entry in entries:
        training = entry.split == recipe.splits.train or entry.split in recipe.splits.more
        splits[entry.speaker].setdefault(recipe.splits.train if training else entry.split, entry.id)
    for who, of in splits.items():
        if len(of) > 1:
            problems.add(
                "speakers are in several splits: move their utterances into one, or, where "
                "speakers have no names, set the recipe's corpus.shared_speakers: allowed",
                f"{who} ({', '.join(sorted(of))})",
                of.values(),
            )


def _check_audio(
    entries: Sequence[ManifestEntry],
    decoded: dict[str, DecodedAudio | Fault],
    recipe: Recipe,
    problems: Problems,
) -> None:
    corpus = recipe.corpus
    low_allowed = getattr(corpus, "low_rates", "refused") == "allowed"
    for entry in {entry.audio: entry for entry in entries}.values():
        found = decoded[entry.audio]
        if found == MISSING:
            problems.add(
                "recordings are missing: correct their paths or copy them there",
                entry.audio,
                [entry.id],
            )
        elif isinstance(found, Fault):
            kind = "recordings cannot be decoded: each line says why, and the fix"
            problems.add(kind, f"{entry.audio} {found}", [entry.id])
        else:
            _check_decoded(entry, found, low_allowed, problems)


def _check_decoded(
    entry: ManifestEntry, found: DecodedAudio, low_allowed: bool, problems: Problems
) -> None:
    rate, seconds = found.header.rate, found.frames / found.header.rate
    lengths = f"{entry.audio} ({seconds:.2f} of {entry.audio_seconds:.2f} s)"
    if seconds < entry.audio_seconds - TOLERANCE:
        problems.add("recordings are cut short: copy them anew", lengths, [entry.id])
    elif seconds > entry.audio_seconds + TOLERANCE and rate == entry.audio_rate:
        kind = "recordings are longer than the cuts say: make the corpus again"
        problems.add(kind, lengths, [entry.id])
    if rate != entry.audio_rate or entry.rate != SAMPLING_RATE:
        problems.add(
            "recordings have another rate than the cuts say: make the corpus again",
            f"{entry.audio} ({rate} Hz, not {entry.audio_rate} Hz)",
            [entry.id],
        )
    elif entry.source_rate < SAMPLING_RATE and not low_allowed:
        problems.add(
            "recordings are below 16 kHz: use better ones, or set the recipe's "
            "corpus.low_rates: allowed",
            f"{entry.audio} ({entry.source_rate} Hz)",
            [entry.id],
        )


def _is_silent(look: DecodedAudio | Fault) -> bool:
    return isinstance(look, DecodedAudio) and look.silent


def _by_corpus(
    entries: Sequence[ManifestEntry], splits: Iterable[str]
) -> dict[str, dict[str, SplitSize]]:
    """Return the size of each joined corpus by split; nothing where a corpus is joined of none."""
    found: dict[str, dict[str, SplitSize]] = {}
    for name in dict.fromkeys(entry.corpus for entry in entries if entry.corpus is not None):
        own = [entry for entry in entries if entry.corpus == name]
        there = {entry.split for entry in own}
        found[name] = {split: _summary(own, split) for split in splits if split in there}
    return found


def _summary(entries: Iterable[ManifestEntry], split: str) -> SplitSize:
    chosen = [entry for entry in entries if entry.split == split]
    once = list({entry.said: entry for entry in reversed(chosen)}.values())
    rates = Counter(entry.source_rate for entry in once)
    copies = [entry for entry in chosen if entry.copy_of is not None]
    more = SpeechCopies(utterances=len(copies), hours=_hours(copies)) if copies else None
    return SplitSize(
        **({} if more is None else {"copies": more}),
        hours=_hours(once),
        utterances=len(once),
        words=sum(len(entry.text.split()) for entry in once),
        speakers=len({entry.speaker for entry in chosen}),
        utterances_by_rate_hz={str(rate): count for rate, count in sorted(rates.items())},
    )


def _hours(entries: Iterable[ManifestEntry]) -> float:
    return round(sum(entry.duration for entry in entries) / 3600, 4)
