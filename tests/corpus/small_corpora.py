"""Small corpora that the tests make themselves, and the real ones if they are installed."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from schatten.recipe import Recipe

ROOT = Path(__file__).parents[2]


def tone(seconds: float, rate: int = 16000) -> np.ndarray:
    """Return a 440 Hz tone as 16-bit samples."""
    times = np.arange(round(seconds * rate)) / rate
    return (8000 * np.sin(2 * np.pi * 440 * times)).astype(np.int16)


def write_audio(path: Path, seconds: float = 1.0, rate: int = 16000) -> Path:
    """Write a tone; the suffix says the format."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, tone(seconds, rate), rate)
    return path


def make_recipe(**settings: Any) -> Recipe:
    """Return a recipe with one small model and the given data settings."""
    return Recipe.model_validate(
        {
            "title": "test",
            "corpus": {"source": "tsv"},
            "models": {"small": {"type": "lstm", "lstm": [8], "keep_every": 3}},
            "trainings": {"default": {"epochs": 1, "batch_seconds": 10, "learning_rate": 0.001}},
            "systems": {"dense": {"model": "small"}},
            "language_models": {"lm": {}},
            **settings,
        }
    )


Row = dict[str, str]
ROWS = [
    {"id": "anna1", "path": "a/anna1.wav", "speaker": "anna", "split": "train", "text": "Yes."},
    {"id": "anna2", "path": "a/anna2.flac", "speaker": "anna", "split": "train", "text": "Go on"},
    {"id": "bert1", "path": "b/bert1.wav", "speaker": "bert", "split": "dev", "text": "It’s no"},
    {"id": "carl1", "path": "c/carl1.wav", "speaker": "carl", "split": "test", "text": "STOP!"},
]


def write_table(folder: Path, rows: Iterable[Row], name: str = "transcripts.tsv") -> None:
    """Write a table with the columns of its first row."""
    rows = list(rows)
    lines = ["\t".join(rows[0]), *("\t".join(row.values()) for row in rows)]
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text("\n".join(lines) + "\n")


def corpora(name: str) -> Path:
    """Return the folder of a real corpus; the test is skipped where it is not there."""
    folder = Path(os.environ.get("SCHATTEN_CORPORA", ROOT / "../shared/corpora")) / name
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there: set SCHATTEN_CORPORA to the folder of the corpora")
    return folder
