"""Reads a split's cuts as plain JSON, for the validator (without importing lhotse)."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from schatten.errors import UserError
from schatten.runtime.files import read_jsonl


@dataclass(frozen=True)
class ManifestEntry:
    """An utterance of a cuts manifest."""

    id: str
    split: str
    speaker: str
    text: str
    """Normalised."""
    duration: float
    """Seconds."""
    rate: int
    """Hz, after resampling."""
    audio: str
    """Path of the recording, relative to the folder of the corpus's audio."""
    audio_seconds: float
    """Length of the whole recording."""
    audio_rate: int
    """Hz, of the file."""
    corpus: str | None = None
    """The corpus that it is of, if several are joined."""
    start: float = 0.0
    """Seconds from the start of the recording."""
    copy_of: str | None = None
    """The id of the utterance that it is a distorted copy of."""
    recorded_rate: int | None = None
    """Hz of the recording that it is a copy of."""

    @property
    def said(self) -> str:
        """The id of the utterance itself, also of a copy."""
        return self.copy_of or self.id

    @property
    def source_rate(self) -> int:
        """Hz of the recording, before it was distorted."""
        return self.recorded_rate or self.audio_rate


def read_entries(data: Path, splits: tuple[str, ...]) -> list[ManifestEntry]:
    """Read the utterances of every split's `{split}.cuts.jsonl.gz`.

    Errors: `UserError` for a missing, empty or malformed manifest.
    """
    return [entry for split in splits for entry in _read(data / f"{split}.cuts.jsonl.gz", split)]


def _read(path: Path, split: str) -> list[ManifestEntry]:
    rows = read_jsonl(path)
    if not rows:
        raise UserError(f"{path} holds no utterance: give split {split!r} some, or leave it out")
    try:
        return [_entry(row, split) for row in rows]
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise UserError(
            f"{path} is no manifest of cuts with one recording and one supervision each "
            f"({error!r}): make the corpus again"
        ) from None


def _entry(row: dict[str, Any], split: str) -> ManifestEntry:
    recording = row["recording"]
    [supervision] = row["supervisions"]
    [source] = recording["sources"]
    custom = row.get("custom") or {}
    entry = ManifestEntry(
        id=row["id"],
        split=split,
        speaker=supervision["speaker"],
        text=supervision["text"],
        duration=row["duration"],
        rate=recording["sampling_rate"],
        audio=source["source"],
        audio_seconds=recording["duration"],
        audio_rate=_file_rate(recording),
        corpus=custom.get("corpus"),
        copy_of=custom.get("copy_of"),
        recorded_rate=custom.get("recorded_rate"),
        start=float(row.get("start", 0.0)),
    )
    names = (entry.id, entry.speaker, entry.text, entry.audio)
    if not all(isinstance(one, str) for one in names):
        raise TypeError(f"names and texts are texts, not {names}")
    if not all(math.isfinite(one) for one in (entry.duration, entry.audio_seconds, entry.start)):
        raise ValueError(f"{entry.id} has no length")
    return entry


def _file_rate(recording: dict[str, Any]) -> int:
    """Return the rate before the first resampling (a transform of lhotse's), in Hz."""
    for transform in recording.get("transforms") or ():
        if transform["name"] == "Resample":
            return int(transform["kwargs"]["source_sampling_rate"])
    return int(recording["sampling_rate"])
