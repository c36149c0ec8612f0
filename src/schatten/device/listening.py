"""The engine with a bundle, listening to recordings: its own answers, utterance by utterance."""

import json
import subprocess
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from schatten.device.devices import Payload
from schatten.errors import UserError

SILENCE = 0.8
"""Seconds of pause that end an utterance where nobody says when it ends, as at a microphone."""
_AT_ONCE = 40
"""Recordings of one process of the engine."""


class Recording(Protocol):
    """What can be written as the engine reads it."""

    def write_wav(self, path: Path) -> None:
        """Write it as a WAV file."""


@dataclass(frozen=True)
class Answers:
    """What the engine made of some recordings."""

    utterances: list[list[dict[str, Any]]]
    """Of each recording the JSON objects of its utterances."""
    seconds: float
    """Seconds of sound."""
    asleep_seconds: float
    """Seconds of it for which the acoustic model slept."""


@dataclass(frozen=True)
class Listener:
    """The engine with a bundle."""

    program: Path
    payload: Payload
    jobs: int

    def answers(self, recordings: Sequence[Recording], *options: str) -> Answers:
        """Recognise recordings; errors: `UserError` where the engine fails."""
        groups = [
            recordings[start : start + _AT_ONCE] for start in range(0, len(recordings), _AT_ONCE)
        ]
        with ThreadPoolExecutor(self.jobs) as pool:
            parts = list(pool.map(lambda group: self._answers(group, options), groups))
        return Answers(
            [utterances for part in parts for utterances in part.utterances],
            sum(part.seconds for part in parts),
            sum(part.asleep_seconds for part in parts),
        )

    def _answers(self, recordings: Sequence[Recording], options: Sequence[str]) -> Answers:
        with tempfile.TemporaryDirectory(prefix="schatten-") as folder:
            paths = [str(Path(folder) / f"{number}.wav") for number in range(len(recordings))]
            for recording, path in zip(recordings, paths, strict=True):
                recording.write_wav(Path(path))
            arguments = self.payload.arguments(lambda name: str(self.payload.files[name]))
            command = [str(self.program), "--json", *options, *arguments, *paths]
            try:
                done = subprocess.run(command, capture_output=True, text=True, check=False)
            except OSError as error:
                raise UserError(f"{self.program} cannot be run ({error}): build it") from None
        if done.returncode != 0:
            raise UserError(f"{self.program} failed: {done.stderr.strip()[-500:]}")
        *lines, totals = (json.loads(line) for line in done.stdout.splitlines())
        found: dict[str, list[dict[str, Any]]] = {path: [] for path in paths}
        for one in lines:
            found[one["file"]].append(one)
        return Answers(list(found.values()), totals["audio_seconds"], totals["asleep_seconds"])
