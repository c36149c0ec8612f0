"""Turns utterances into lhotse cuts: headers are read, nothing is decoded.

A cut has one supervision with the normalised text. lhotse resamples it to 16 kHz on loading.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from lhotse import AudioSource, MonoCut, Recording, SupervisionSegment

from schatten.audio.faults import MISSING, Fault
from schatten.audio.reading import Header, look_at, read_header
from schatten.corpus.problems import Problems
from schatten.corpus.text import Normaliser
from schatten.corpus.utterance import SAMPLING_RATE, Utterance
from schatten.runtime.files import write_jsonl

_OVERSHOOT = 0.5
"""Seconds by which a segment may end after its recording; it is cut there, as in Kaldi."""
_TOLERANCE = 0.1
"""Largest difference, in s, between a recording's length and the table's duration."""


def write_cuts(
    utterances: Sequence[Utterance],
    splits: Iterable[str],
    normaliser: Normaliser,
    *,
    audio_dir: Path,
    output: Path,
    jobs: int,
) -> dict[str, list[str]]:
    """Write `{split}.cuts.jsonl.gz` and return each split's normalised sentences, by utterance id.

    An utterance with copies has one sentence. Errors: as `read_headers`; nothing is written then.
    """
    headers = read_headers(utterances, audio_dir, jobs)
    texts: dict[str, str] = {}
    sentences = {}
    for split in splits:
        chosen = sorted((u for u in utterances if u.split == split), key=lambda u: u.id)
        for one in chosen:
            if one.said not in texts:
                texts[one.said] = normaliser(one.text)
        cuts = [_cut(u, headers[u.audio], texts[u.said]) for u in chosen]
        write_jsonl(output / f"{split}.cuts.jsonl.gz", (cut.to_dict() for cut in cuts))
        sentences[split] = [texts[name] for name in dict.fromkeys(one.said for one in chosen)]
    return sentences


def read_headers(utterances: Sequence[Utterance], audio_dir: Path, jobs: int) -> dict[str, Header]:
    """Return the headers of utterances' recordings, by path.

    Errors: `UserError` with the list of missing or unreadable recordings, of recordings with
    several channels, of segments outside their recording, and of names that cannot be used.
    """
    paths = (utterance.audio for utterance in utterances)
    headers = look_at(paths, audio_dir, read_header, jobs)
    problems = _problems(utterances, headers)
    problems.raise_if_any(f"the corpus in {audio_dir}")
    return {path: header for path, header in headers.items() if isinstance(header, Header)}


def _problems(utterances: Sequence[Utterance], headers: dict[str, Header | Fault]) -> Problems:
    problems = Problems()
    for path, header in headers.items():
        _check_header(path, header, problems)
    for utterance in utterances:
        header = headers[utterance.audio]
        if isinstance(header, Header):
            _check_times(utterance, header.seconds, problems)
    counts = Counter(utterance.id for utterance in utterances)
    problems.extend(
        "utterance ids occur more than once: give each utterance an id of its own",
        (f"{name} ({count} times)" for name, count in counts.items() if count > 1),
    )
    problems.extend(
        "utterance ids hold white space, control characters or nothing: name them without",
        (repr(name) for name in counts if name.split() != [name] or _has_control(name)),
    )
    problems.extend(
        "speakers' names hold control characters: name them without",
        (repr(name) for name in sorted({u.speaker for u in utterances}) if _has_control(name)),
    )
    return problems


def _has_control(name: str) -> bool:
    """Tell whether a name would break the lines that it stands in."""
    return any(unicodedata.category(character) in ("Cc", "Cs") for character in name)


def _check_header(path: str, header: Header | Fault, problems: Problems) -> None:
    if header == MISSING:
        problems.add("recordings are missing: correct their paths or copy them there", path)
    elif isinstance(header, Fault):
        problems.add(
            "recordings cannot be read: each line says why, and the fix", f"{path} {header}"
        )
    elif header.channels > 1:
        kind = (
            "recordings have several channels: make one-channel files of them, for the first "
            "channel with `sox FILE NEW.wav remix 1`"
        )
        problems.add(kind, f"{path} ({header.channels} channels)")
    elif header.frames == 0:
        problems.add("recordings are empty: copy them anew or leave them out", path)


def _check_times(utterance: Utterance, seconds: float, problems: Problems) -> None:
    """Check a segment against its recording of `seconds`, and the recording against the table."""
    end = seconds if utterance.end is None else utterance.end
    if not 0 <= utterance.start < min(end, seconds) or end > seconds + _OVERSHOOT:
        place = f"{utterance.id} ({utterance.start} to {end} s of {seconds:.2f} s)"
        if seconds:  # an empty recording is named as such
            problems.add("segments lie outside their recording: correct their times", place)
    if utterance.seconds is not None and not (abs(utterance.seconds - seconds) <= _TOLERANCE):
        lengths = f"{utterance.audio} ({seconds:.2f} s, not {utterance.seconds:.2f} s)"
        problems.add("recordings last another time than the table says: copy them anew", lengths)


def _cut(utterance: Utterance, header: Header, text: str) -> MonoCut:
    recording = Recording(
        id=utterance.recording or utterance.id,
        sources=[AudioSource(type="file", channels=[0], source=utterance.audio)],
        sampling_rate=header.rate,
        num_samples=header.frames,
        duration=header.seconds,
        channel_ids=[0],
    )
    end = min(utterance.end or recording.duration, recording.duration)
    whole = utterance.end is None and not utterance.start
    duration = recording.duration if whole else round(end - utterance.start, 8)
    cut = MonoCut(
        id=utterance.id,
        start=utterance.start,
        duration=duration,
        channel=0,
        recording=recording,
        supervisions=[
            SupervisionSegment(
                id=utterance.id,
                recording_id=recording.id,
                start=0.0,
                duration=duration,
                text=text,
                speaker=utterance.speaker,
            )
        ],
    )
    if utterance.copy_of is not None:
        cut.custom = {"copy_of": utterance.copy_of, "recorded_rate": utterance.recorded_rate}
    return cut if header.rate == SAMPLING_RATE else cut.resample(SAMPLING_RATE)
